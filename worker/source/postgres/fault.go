package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"kallad/worker/recon"
)

// fault is an error of the server or of the way to it, with its text written
// for the caller and free of secrets. The driver's own error, whose fields may
// hold the password, is not in its chain.
type fault struct {
	text string
	// cause is a *pgconn.PgError, a network error or nil.
	cause error
}

func (f *fault) Error() string { return f.text }
func (f *fault) Unwrap() error { return f.cause }

// SQLSTATEs that say something to a caller.
const (
	codeInvalidPassword    = "28P01"
	codeInvalidAuth        = "28000"
	codeNoDatabase         = "3D000"
	codeNoPrivilege        = "42501"
	codeNoTable            = "42P01"
	codeNoObject           = "42704"
	codeTooManyConnections = "53300"
	codeStartingUp         = "57P03"
	codeCancelled          = "57014"
	codeLocked             = "55P03"
	codeSerialization      = "40001"
	codeBadParameter       = "22023"
	codeBadEscape          = "22025"
	codeProtocol           = "08P01"
)

// advice is what to do about a SQLSTATE, and whether the caller has to.
var advice = map[string]struct {
	text  string
	input bool
}{
	codeInvalidPassword:    {"check the user name and the password in the address", true},
	codeInvalidAuth:        {"check the user name, and that the server's pg_hba.conf lets it in from here", true},
	codeNoDatabase:         {"check the database's name in the address", true},
	codeNoPrivilege:        {"grant the user of the address SELECT on the table and USAGE on its schema", true},
	codeNoTable:            {"has it been dropped?", true},
	codeTooManyConnections: {"the server has no connection left; ask for fewer partitions or raise max_connections", false},
	codeStartingUp:         {"the server is starting up or shutting down", false},
	codeCancelled:          {"a statement was stopped by the server; if that was statement_timeout, raise it with statement_timeout=0 in the address", true},
	codeLocked:             {"another session changes the table or waits to, with ALTER TABLE, TRUNCATE or the like; try again when it is done, or set how long to wait with lock_timeout=5min in the address", true},
	codeSerialization:      {"the standby had to remove rows that were still being read; raise max_standby_streaming_delay, turn on hot_standby_feedback, or read from the primary", true},
}

// explain makes an error of the driver one for people: what was being done,
// where, and what to do. Errors of ctx stay what they are.
func (a *address) explain(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	}
	if recon.IsInput(err) {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		var connecting *pgconn.ConnectError
		return a.explainServer(doing, pg, errors.As(err, &connecting))
	}
	return a.explainNetwork(doing, err)
}

// explainServer tells what the server has refused. A refused connection is the
// caller's to mend unless it is known not to be.
func (a *address) explainServer(doing string, pg *pgconn.PgError, connecting bool) error {
	text := fmt.Sprintf("%s: %s: %s (SQLSTATE %s)", doing, a.server(), pg.Message, pg.Code)
	if pg.Detail != "" {
		text += ": " + pg.Detail
	}
	known, ok := advice[pg.Code]
	if ok {
		text += "; " + known.text
	}
	f := &fault{text: recon.Scrub(text, a.uri), cause: pg}
	if known.input || connecting && !ok {
		return recon.Input(f)
	}
	return f
}

// explainNetwork tells apart the ways in which no server answers.
func (a *address) explainNetwork(doing string, err error) error {
	var dns *net.DNSError
	var connecting *pgconn.ConnectError
	what, input := "", errors.As(err, &connecting)
	var cause error
	switch {
	case errors.As(err, &dns):
		what, cause = fmt.Sprintf("the host %q is not known; check its name in the address", dns.Name), dns
	case errors.Is(err, syscall.ECONNREFUSED):
		what, cause = "nothing listens there; check the host and the port, and that the server runs and accepts connections from here", syscall.ECONNREFUSED
	case errors.Is(err, os.ErrNotExist):
		what, cause = "no server has its unix socket there; check the folder and the port", os.ErrNotExist
	case pgconn.Timeout(err) || errors.Is(err, os.ErrDeadlineExceeded):
		what, cause = "no answer in time; check the host, the port and the firewall, or raise connect_timeout", os.ErrDeadlineExceeded
	default:
		text := err.Error()
		if connecting != nil {
			text = strings.Join(strings.Fields(connecting.Unwrap().Error()), " ")
		}
		what = text
	}
	f := &fault{text: recon.Scrub(fmt.Sprintf("%s: %s: %s", doing, a.server(), what), a.uri), cause: cause}
	if input {
		return recon.Input(f)
	}
	return f
}

// codeOf returns the SQLSTATE of an error, "" when the server sent none.
func codeOf(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}
