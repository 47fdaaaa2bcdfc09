package postgres

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// class is how the values of some kinds of columns are compared.
type class struct {
	// left is the column's SQL, with %s for its quoted name.
	left string
	// cast is the SQL type of the value.
	cast string
	// check returns the text form of a JSON value, or what is wrong with it.
	check func(value any) (string, error)
	// text is set where like works, unordered where only equality does.
	text, unordered bool
}

var (
	textClass = class{left: `%s::text COLLATE "C"`, cast: "text", check: checkText, text: true}
	charClass = class{left: `%s::text COLLATE "C"`, cast: "text", check: checkChar, text: true}
	number    = class{left: "%s", cast: "numeric", check: checkNumber}
)

var classes = map[kind]class{
	kindBool:        {left: "%s", cast: "boolean", check: checkBool, unordered: true},
	kindInt2:        number,
	kindInt4:        number,
	kindInt8:        number,
	kindOID:         {left: "%s::bigint", cast: "numeric", check: checkNumber},
	kindDecimal:     number,
	kindNumeric:     number,
	kindFloat4:      {left: "%s", cast: "float4", check: checkFloat(32)},
	kindFloat8:      {left: "%s", cast: "float8", check: checkFloat(64)},
	kindDate:        {left: "%s", cast: "date", check: checkDate},
	kindTime:        {left: "%s", cast: "time", check: checkTime},
	kindTimestamp:   {left: "%s", cast: "timestamp", check: checkTimestamp(false)},
	kindTimestampTZ: {left: "%s", cast: "timestamptz", check: checkTimestamp(true)},
	kindUUID:        {left: "%s", cast: "uuid", check: checkUUID},
	kindText:        textClass,
	kindChar:        charClass,
	kindEnum:        textClass,
	kindJSON:        textClass,
	kindJSONB:       textClass,
	kindCast:        textClass,
}

func checkText(value any) (string, error) {
	s, ok := value.(string)
	if !ok {
		return "", wrongValue(value, "a text in quotes")
	}
	if strings.ContainsRune(s, 0) {
		return "", errors.New("the value holds a NUL character, which no text in Postgres can")
	}
	return s, nil
}

func checkChar(value any) (string, error) {
	s, err := checkText(value)
	return strings.TrimRight(s, " "), err
}

func checkBool(value any) (string, error) {
	b, ok := value.(bool)
	if !ok {
		return "", wrongValue(value, "true or false")
	}
	return strconv.FormatBool(b), nil
}

// plainNumber has the numbers that JSON has.
var plainNumber = regexp.MustCompile(`^-?[0-9]{1,200}(\.[0-9]{1,200})?([eE][+-]?[0-9]{1,3})?$`)

func checkNumber(value any) (string, error) {
	text := ""
	switch v := value.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	if !plainNumber.MatchString(text) {
		return "", wrongValue(value, "a number")
	}
	return text, nil
}

func checkFloat(bits int) func(any) (string, error) {
	return func(value any) (string, error) {
		text, err := checkNumber(value)
		if err != nil {
			return "", err
		}
		f, err := strconv.ParseFloat(text, bits)
		if err != nil {
			return "", fmt.Errorf("%s is beyond what a float of %d bits holds", text, bits)
		}
		return strconv.FormatFloat(f, 'g', -1, bits), nil
	}
}

func checkDate(value any) (string, error) {
	return checkLayouts(value, "a date such as \"2024-01-31\"", "2006-01-02")
}

func checkTime(value any) (string, error) {
	if value == "24:00:00" {
		return "24:00:00", nil
	}
	return checkLayouts(value, "a time such as \"13:30:00\"", "15:04", "15:04:05")
}

var timestampLayouts = []string{
	"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05",
}

var zonedLayouts = []string{
	"2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z07", "2006-01-02T15:04:05Z07",
	"2006-01-02 15:04Z07:00", "2006-01-02T15:04Z07:00",
}

func checkTimestamp(zoned bool) func(any) (string, error) {
	return func(value any) (string, error) {
		if zoned {
			return checkLayouts(value, "a timestamp such as \"2024-01-31T13:30:00Z\"", append(timestampLayouts, zonedLayouts...)...)
		}
		text, err := checkLayouts(value, "a timestamp such as \"2024-01-31 13:30:00\"", timestampLayouts...)
		if err == nil {
			return text, nil
		}
		if _, withZone := checkLayouts(value, "", zonedLayouts...); withZone == nil {
			return "", errors.New("the value has an offset from UTC, but the column has no time zone; leave the offset out")
		}
		return "", err
	}
}

// fineSeconds finds fractions of a second that the server would round.
var fineSeconds = regexp.MustCompile(`\.[0-9]{6}[0-9]*[1-9]`)

// checkLayouts accepts a string in any of the layouts.
func checkLayouts(value any, want string, layouts ...string) (string, error) {
	s, ok := value.(string)
	if !ok {
		return "", wrongValue(value, want)
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 0 {
			if fineSeconds.MatchString(s) {
				return "", fmt.Errorf("%q is finer than microseconds", s)
			}
			if t.Year() == 0 && strings.HasPrefix(layout, "2006") {
				break
			}
			return s, nil
		}
	}
	return "", wrongValue(value, want)
}

func checkUUID(value any) (string, error) {
	s, ok := value.(string)
	if !ok {
		return "", wrongValue(value, "a UUID in quotes")
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return "", wrongValue(value, "a UUID in quotes")
	}
	return id.String(), nil
}

func wrongValue(value any, want string) error {
	if value == nil {
		return fmt.Errorf("null compares true with nothing; want %s", want)
	}
	got, _ := json.Marshal(value)
	return fmt.Errorf("%s is not %s", clip(got), want)
}
