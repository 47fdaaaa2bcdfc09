package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"kallad/worker/recon"
)

// UnreachableError is a request that got no whole answer. Trying again may
// help.
type UnreachableError struct {
	Address string
	Err     error
}

func (e *UnreachableError) Error() string {
	if notHTTP(e.Err) {
		return fmt.Sprintf("what listens at %s does not speak HTTP; give the address of the scheduler's --http-port, not that of its --grpc-port", e.Address)
	}
	return fmt.Sprintf("the scheduler at %s cannot be reached: %v", e.Address, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// notHTTP reports whether an answer came that is no HTTP. Package net/http has
// no type for that.
func notHTTP(err error) bool { return strings.Contains(err.Error(), "malformed HTTP response") }

// AnswerError is an answer that says no.
type AnswerError struct {
	Address string
	Status  int
	// Title, Detail and Fields are those of the problem document, if the
	// answer was one.
	Title, Detail string
	Fields        []recon.FieldError
}

func (e *AnswerError) Error() string {
	switch {
	case len(e.Fields) > 0:
		text := "the scheduler does not take the job:"
		for _, f := range e.Fields {
			text += "\n  " + f.Field + ": " + f.Message
		}
		return text
	case e.Status == http.StatusUnauthorized:
		return fmt.Sprintf("the scheduler at %s asks for its token: set --token-file, --token or KALLAD_TOKEN (%s)", e.Address, e.Title)
	case e.Status >= 300 && e.Status <= 399:
		return fmt.Sprintf("%s answers %d: it points elsewhere, and redirects are not followed", e.Address, e.Status)
	case e.Title == "":
		return fmt.Sprintf("%s answers %d, and not as a kallad scheduler does", e.Address, e.Status)
	case e.Detail == "":
		return fmt.Sprintf("the scheduler at %s answers %d: %s", e.Address, e.Status, e.Title)
	}
	return fmt.Sprintf("the scheduler at %s answers %d: %s (%s)", e.Address, e.Status, e.Title, e.Detail)
}

// passing reports whether the answer may be another one in a while: something
// between here and the scheduler speaks for it, or it has too much to do.
func (e *AnswerError) passing() bool {
	return e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout || e.Status >= 500
}

// passing reports whether it makes sense to ask again.
func passing(err error) bool {
	var unreachable *UnreachableError
	var answer *AnswerError
	return errors.As(err, &unreachable) || errors.As(err, &answer) && answer.passing()
}

// maxProblem bounds what is read of a problem document, in bytes.
const maxProblem = 1 << 20

func answerError(address string, resp *http.Response) error {
	e := &AnswerError{Address: address, Status: resp.StatusCode}
	var doc struct {
		Title  string             `json:"title"`
		Detail string             `json:"detail"`
		Errors []recon.FieldError `json:"errors"`
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err == nil && strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") && json.Unmarshal(text, &doc) == nil {
		e.Title, e.Detail, e.Fields = printable(doc.Title), printable(doc.Detail), doc.Errors
		for i := range e.Fields {
			e.Fields[i].Field, e.Fields[i].Message = printable(e.Fields[i].Field), printable(e.Fields[i].Message)
		}
	}
	return e
}

// printable keeps what comes from the other end from steering a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || strconv.IsPrint(r) {
			return r
		}
		return '\ufffd'
	}, s)
}
