package recon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// SyntaxError is a request that is no JSON document.
type SyntaxError struct {
	// Line and Column count from 1; a column is one character.
	Line, Column int
	// Message says what was found or expected there.
	Message string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("malformed JSON at line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// checkSyntax returns a *SyntaxError unless data is one JSON document in
// UTF-8 and nothing else.
func checkSyntax(data []byte) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return &SyntaxError{Line: 1, Column: 1, Message: "the document is empty; a JSON object is expected"}
	}
	if at := invalidUTF8(data); at >= 0 {
		return syntaxErrorAt(data, at, "this is not valid UTF-8")
	}
	var doc json.RawMessage
	err := json.Unmarshal(data, &doc)
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	at := int(syntax.Offset) - 1
	if strings.HasPrefix(syntax.Error(), "unexpected end") {
		at = len(data)
	}
	return syntaxErrorAt(data, at, plainSyntax(syntax.Error()))
}

func syntaxErrorAt(data []byte, at int, message string) error {
	before := data[:max(0, min(at, len(data)))]
	lineStart := bytes.LastIndexByte(before, '\n') + 1
	return &SyntaxError{
		Line:    bytes.Count(before, []byte{'\n'}) + 1,
		Column:  utf8.RuneCount(before[lineStart:]) + 1,
		Message: message,
	}
}

func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// plainSyntax says in words of the document what encoding/json says in words
// of its scanner.
func plainSyntax(message string) string {
	found, context, ok := strings.Cut(strings.TrimPrefix(message, "invalid character "), "' ")
	if !ok {
		if strings.HasPrefix(message, "unexpected end") {
			return "the document ends in the middle; something is not closed"
		}
		return message
	}
	found += "'"
	switch context {
	case "looking for beginning of value":
		return "found " + found + ", expected a value"
	case "looking for beginning of object key string":
		return "found " + found + ", expected a field name in double quotes"
	case "after object key":
		return "found " + found + ", expected ':' after the field name"
	case "after object key:value pair":
		return "found " + found + ", expected ',' or '}' after the field's value"
	case "after array element":
		return "found " + found + ", expected ',' or ']' after the list's element"
	case "after top-level value":
		return "found " + found + " after the end of the document, expected nothing"
	}
	return "found " + found + " " + context
}
