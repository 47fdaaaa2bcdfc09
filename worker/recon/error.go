package recon

import (
	"errors"
	"strings"
)

// InputError is a fault in what the caller sent or pointed at: the job's
// fields, the query, a source's content. Trying again unchanged cannot help,
// and its text is written for the caller.
type InputError struct {
	Err error
}

// Input marks err as the caller's to mend. It returns nil for nil.
func Input(err error) error {
	if err == nil {
		return nil
	}
	return &InputError{Err: err}
}

func (e *InputError) Error() string { return e.Err.Error() }
func (e *InputError) Unwrap() error { return e.Err }

// IsInput reports whether err is the caller's to mend: an InputError or a
// ValidationError.
func IsInput(err error) bool {
	var in *InputError
	var fields *ValidationError
	return errors.As(err, &in) || errors.As(err, &fields)
}

// FieldError is one wrong field of a request.
type FieldError struct {
	// Field is the JSON path, such as "sources[1].filters[0].op".
	Field string `json:"field"`
	// Message says what is wrong and what to do.
	Message string `json:"message"`
}

// ValidationError names every wrong field of a request at once.
type ValidationError struct {
	Fields []FieldError
}

func (e *ValidationError) Error() string {
	lines := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		lines[i] = f.Field + ": " + f.Message
	}
	return strings.Join(lines, "; ")
}
