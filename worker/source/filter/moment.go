package filter

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
)

var (
	dateForm   = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	clockForm  = regexp.MustCompile(`^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$`)
	momentForm = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$`)
)

const secondsPerDay = 24 * 60 * 60

// dateOperand returns the days since 1970.
func dateOperand(column string, v any) (exact, *fault) {
	s, _ := v.(string)
	if !dateForm.MatchString(s) {
		return exact{}, badValue("column %q holds dates and the value is %s; write a date such as \"2024-01-31\"", column, show(v))
	}
	seconds, err := daySeconds(s)
	if err != nil {
		return exact{}, badValue("column %q holds dates and the value is %s: %v", column, show(v), err)
	}
	return exact{digits: big.NewInt(seconds / secondsPerDay)}, nil
}

// clockOperand returns the seconds since midnight.
func clockOperand(column string, v any) (exact, *fault) {
	s, _ := v.(string)
	x, err := clockSeconds(s)
	if err != nil {
		return exact{}, badValue("column %q holds times of day and the value is %s; write a time such as \"13:45:00\"", column, show(v))
	}
	return x, nil
}

// momentOperand returns the seconds since 1970.
func momentOperand(column string, zoned bool, v any) (exact, *fault) {
	s, _ := v.(string)
	parts := momentForm.FindStringSubmatch(s)
	if parts == nil {
		return exact{}, badValue("column %q holds timestamps and the value is %s; write one such as \"2024-01-31T13:45:00\"", column, show(v))
	}
	offset, err := offsetSeconds(parts[3])
	if err == nil && !zoned && offset != 0 {
		return exact{}, badValue("column %q holds timestamps without a time zone and the value is %s; write it without an offset", column, show(v))
	}
	day, dayErr := daySeconds(parts[1])
	clock := exact{digits: new(big.Int)}
	if parts[2] != "" && err == nil {
		clock, err = clockSeconds(parts[2])
	}
	if err == nil {
		err = dayErr
	}
	if err != nil {
		return exact{}, badValue("column %q holds timestamps and the value is %s: %v", column, show(v), err)
	}
	whole := new(big.Int).Mul(big.NewInt(day-offset), pow10(-clock.exp))
	return exact{digits: whole.Add(whole, clock.digits), exp: clock.exp}, nil
}

func daySeconds(s string) (int64, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() == 0 {
		return 0, fmt.Errorf("there is no such day")
	}
	return t.Unix(), nil
}

func clockSeconds(s string) (exact, error) {
	parts := clockForm.FindStringSubmatch(s)
	if parts == nil {
		return exact{}, fmt.Errorf("not a time of day")
	}
	var n [3]int64
	for i := range n {
		if parts[i+1] != "" {
			n[i], _ = strconv.ParseInt(parts[i+1], 10, 64)
		}
	}
	if n[0] > 23 || n[1] > 59 || n[2] > 59 {
		return exact{}, fmt.Errorf("there is no such time of day")
	}
	return parseExact(fmt.Sprintf("%d.%s", n[0]*3600+n[1]*60+n[2], parts[4]+"0"))
}

// offsetSeconds reads Z, +02, +0200 or +02:00; none is UTC.
func offsetSeconds(s string) (int64, error) {
	if s == "" || s == "Z" || s == "z" {
		return 0, nil
	}
	digits := strings.ReplaceAll(s[1:], ":", "") + "00"
	hours, _ := strconv.ParseInt(digits[:2], 10, 64)
	minutes, _ := strconv.ParseInt(digits[2:4], 10, 64)
	if hours > 15 || minutes > 59 {
		return 0, fmt.Errorf("there is no such offset")
	}
	seconds := hours*3600 + minutes*60
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, nil
}

// unitScale is the decimal scale of a unit of seconds.
func unitScale(u arrow.TimeUnit) int {
	switch u {
	case arrow.Millisecond:
		return 3
	case arrow.Microsecond:
		return 6
	case arrow.Nanosecond:
		return 9
	}
	return 0
}
