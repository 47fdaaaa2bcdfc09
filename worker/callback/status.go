package callback

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// StatusError is an answer other than 2xx.
type StatusError struct {
	Code int
	// RetryAfter is the header's value, empty when there was none.
	RetryAfter string
}

func (e *StatusError) Error() string {
	if e.Code >= 300 && e.Code < 400 {
		return fmt.Sprintf("the receiver answered %d, and redirects are not followed", e.Code)
	}
	return fmt.Sprintf("the receiver answered %d", e.Code)
}

// httpDates are the forms of a date that RFC 9110, section 5.6.7, has a
// recipient accept.
var httpDates = []string{
	"Mon, 02 Jan 2006 15:04:05 GMT",
	"Monday, 02-Jan-06 15:04:05 GMT",
	time.ANSIC,
}

// Wait returns how long the receiver wants to be left alone, 0 when it did
// not say or said nonsense.
func (e *StatusError) Wait(now time.Time) time.Duration {
	value := strings.TrimSpace(e.RetryAfter)
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	for _, layout := range httpDates {
		if at, err := time.Parse(layout, value); err == nil {
			return max(0, at.Sub(now))
		}
	}
	return 0
}
