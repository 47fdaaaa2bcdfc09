package recon

import (
	"fmt"
	"strings"
)

// maxProblems bounds the answer to a request, and the work of making it, when
// a document is wrong all over.
const maxProblems = 100

// problems collects what is wrong with a request, at most one message for
// each field and maxProblems in all.
type problems struct {
	fields []FieldError
}

// add notes that a field is wrong, unless the field itself or one that it is
// part of was found wrong before: a list of the wrong type is not also short.
func (p *problems) add(field, format string, args ...any) {
	if len(p.fields) > maxProblems || p.has(field) {
		return
	}
	if len(p.fields) == maxProblems {
		field, format, args = "", "more fields are wrong; only the first %d are named", []any{maxProblems}
	}
	p.fields = append(p.fields, FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
}

// has reports whether the field or one that it is part of is known as wrong.
func (p *problems) has(field string) bool {
	for _, f := range p.fields {
		rest, ok := strings.CutPrefix(field, f.Field)
		if ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}

// err returns the problems as one error, nil when there are none.
func (p *problems) err() error {
	if len(p.fields) == 0 {
		return nil
	}
	return &ValidationError{Fields: p.fields}
}
