package postgres

import (
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// other handles what comes beside rows. The end is the ready message outside
// a transaction: that of COMMIT, which follows the one of the query.
func (st *stream) other(kind byte, length int) error {
	body, err := st.control(length)
	if err != nil {
		return err
	}
	if kind == msgError {
		return serverError(body)
	}
	if kind == msgReadyForQuery && len(body) == 1 && body[0] == 'I' {
		return io.EOF
	}
	return nil
}

// message reads one message that is not a row.
func (st *stream) message() (kind byte, body []byte, err error) {
	kind, length, err := st.wire.header()
	if err != nil {
		return 0, nil, err
	}
	if body, err = st.control(length); err == nil && kind == msgError {
		err = serverError(body)
	}
	return kind, body, err
}

// maxControl is the largest message beside rows: far more than any error text
// or description of 1,600 columns.
const maxControl = 1 << 20

func (st *stream) control(length int) ([]byte, error) {
	if length > maxControl {
		return nil, fmt.Errorf("the server sent a message of %d bytes beside rows", length)
	}
	return st.wire.take(length)
}

func serverError(body []byte) error {
	var e pgproto3.ErrorResponse
	if err := e.Decode(body); err != nil {
		// Its own error may be io.EOF, which would look like the end of the rows.
		return fmt.Errorf("the server sent an error that can't be read: %v", err)
	}
	return pgconn.ErrorResponseToPgError(&e)
}
