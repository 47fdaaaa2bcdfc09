package engine

import (
	"errors"
	"strings"

	duck "github.com/duckdb/duckdb-go-bindings"
)

// Kind says whose fault a failed statement is.
type Kind int

const (
	// KindInternal: DuckDB or this package broke a promise.
	KindInternal Kind = iota
	// KindQuery: the SQL, or the data it met, is at fault (syntax, unknown
	// column, a value that does not convert).
	KindQuery
	// KindMemory: the memory limit was reached and spilling did not help.
	KindMemory
	// KindDisk: spilling failed, because the disk or its limit is full.
	KindDisk
	// KindInterrupted: the context ended the statement.
	KindInterrupted
)

// Error is a failed statement, in DuckDB's own words.
type Error struct {
	Kind    Kind
	Message string
}

func (e *Error) Error() string { return e.Message }

// KindOf returns the kind of err, KindInternal for foreign errors.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}

var kinds = map[duck.ErrorType]Kind{
	duck.ErrorTypeOutOfRange: KindQuery, duck.ErrorTypeConversion: KindQuery,
	duck.ErrorTypeDecimal: KindQuery, duck.ErrorTypeMismatchType: KindQuery,
	duck.ErrorTypeDivideByZero: KindQuery, duck.ErrorTypeInvalidType: KindQuery,
	duck.ErrorTypeExpression: KindQuery, duck.ErrorTypeCatalog: KindQuery,
	duck.ErrorTypeParser: KindQuery, duck.ErrorTypePlanner: KindQuery,
	duck.ErrorTypeSyntax: KindQuery, duck.ErrorTypeBinder: KindQuery,
	duck.ErrorTypeInvalidInput: KindQuery, duck.ErrorTypeNotImplemented: KindQuery,
	duck.ErrorTypePermission: KindQuery, duck.ErrorTypeParameterNotAllowed: KindQuery,
	duck.ErrorTypeParameterNotResolved: KindQuery, duck.ErrorTypeMissingExtension: KindQuery,
	duck.ErrorTypeSequence: KindQuery, duck.ErrorTypeObjectSize: KindQuery,
	duck.ErrorTypeOutOfMemory: KindMemory, duck.ErrorTypeErrorIO: KindDisk,
	duck.ErrorTypeInterrupt: KindInterrupted,
}

func newError(t duck.ErrorType, message string) *Error {
	// A trace of DuckDB's own code is of no use to whoever wrote the query.
	message, _, _ = strings.Cut(message, "\n\nStack Trace:")
	kind := kinds[t]
	switch {
	case strings.Contains(message, "max_temp_directory_size"), strings.Contains(message, "No space left on device"):
		kind = KindDisk
	case outOfMemory(message):
		kind = KindMemory
	case strings.HasPrefix(message, "INTERRUPT Error"):
		kind = KindInterrupted
	case t == duck.ErrorTypeInvalid:
		kind = kindByPrefix(message)
	}
	return &Error{Kind: kind, Message: plain(message)}
}

// maxMessage bounds what is told of one error, which may quote the query.
// Unit: bytes.
const maxMessage = 4 << 10

// plain makes DuckDB's words those of somebody who cannot change its settings,
// and no longer than people read.
func plain(message string) string {
	message, _, _ = strings.Cut(message, ` Use "SET max_expression_depth`)
	if where, ok := strings.CutPrefix(message, "memory exhausted at or near "); ok {
		message = "it is nested too deep at or near " + where // what Bison says of its stack
	}
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + "..."
	}
	return message
}

// outOfMemory reports whether a message is about memory: the limit's, or the
// system's, which has several words for it.
func outOfMemory(message string) bool {
	return strings.HasPrefix(message, "Out of Memory Error") || strings.Contains(message, "bad_alloc") ||
		strings.Contains(message, "Memory allocation failure") || strings.Contains(message, "bad allocation")
}

// kindByPrefix reads the class off the message, for the calls of DuckDB's C
// interface that report none.
func kindByPrefix(message string) Kind {
	for _, prefix := range []string{"Parser Error", "Binder Error", "Catalog Error", "Conversion Error", "Invalid Input Error",
		"Out of Range Error", "Permission Error", "Not implemented Error", "Syntax Error", "Mismatch Type Error"} {
		if strings.HasPrefix(message, prefix) {
			return KindQuery
		}
	}
	return KindInternal
}

// QueryFault reports whether the SQL, or the data it met, is at fault.
func (e *Error) QueryFault() bool { return e.Kind == KindQuery }

// OutOfMemory reports whether the memory limit was reached.
func (e *Error) OutOfMemory() bool { return e.Kind == KindMemory }

// OutOfDisk reports whether there was no room to spill.
func (e *Error) OutOfDisk() bool { return e.Kind == KindDisk }
