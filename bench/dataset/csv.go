package dataset

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"time"
)

// epoch is the first day of the data.
var epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// calendarDays is more than the last day of any row.
const calendarDays = 800

// calendar returns the days of the data as CSV writes them.
func calendar() []string {
	days := make([]string, calendarDays)
	for i := range days {
		days[i] = epoch.AddDate(0, 0, i).Format(time.DateOnly)
	}
	return days
}

// csvSink appends rows to a buffer. It formats by hand: it has to keep ahead
// of what reads the files.
type csvSink struct {
	buf      []byte
	calendar []string
}

func (c *csvSink) id(prefix string, number uint64, width int) {
	c.buf = append(appendID(c.buf, prefix, number, width), ',')
}

// appendID appends the prefix and the number with at least width digits.
func appendID(buf []byte, prefix string, number uint64, width int) []byte {
	buf = append(buf, prefix...)
	var digits [20]byte
	at := len(digits)
	for number > 0 || len(digits)-at < width {
		at--
		digits[at] = '0' + byte(number%10)
		number /= 10
	}
	return append(buf, digits[at:]...)
}

func (c *csvSink) word(w words, at uint64) {
	c.buf = append(c.buf, w.quoted[at]...)
	c.buf = append(c.buf, ',')
}

func (c *csvSink) date(day uint64) {
	c.buf = append(c.buf, c.calendar[day]...)
	c.buf = append(c.buf, ',')
}

func (c *csvSink) moment(second uint64) {
	c.buf = append(c.buf, c.calendar[second/86_400]...)
	c.buf = append(c.buf, ' ')
	c.twoDigits(second/3600%24, ':')
	c.twoDigits(second/60%60, ':')
	c.twoDigits(second%60, ',')
}

func (c *csvSink) money(cents uint64) {
	c.buf = strconv.AppendUint(c.buf, cents/100, 10)
	c.buf = append(c.buf, '.')
	c.twoDigits(cents%100, ',')
}

func (c *csvSink) twoDigits(n uint64, after byte) {
	c.buf = append(c.buf, '0'+byte(n/10), '0'+byte(n%10), after)
}

// endRow turns the comma after the last value into the line's end.
func (c *csvSink) endRow() { c.buf[len(c.buf)-1] = '\n' }

// header is the first line of a file.
func header(columns []Column) []byte {
	var line []byte
	for _, c := range columns {
		line = append(line, c.Name...)
		line = append(line, ',')
	}
	line[len(line)-1] = '\n'
	return line
}

// csv writes the table as CSV.
func (t table) csv(ctx context.Context, out *os.File) (found tally, _ error) {
	if _, err := out.Write(header(t.columns)); err != nil {
		return found, err
	}
	type chunk struct {
		sink  *csvSink
		found tally
	}
	workers := runtime.GOMAXPROCS(0)
	days := calendar()
	free := make(chan *csvSink, workers+2)
	err := inOrder(ctx, t.rows, workers, func(s span) (chunk, error) {
		var sink *csvSink
		select {
		case sink = <-free:
			sink.buf = sink.buf[:0]
		default:
			sink = &csvSink{calendar: days}
		}
		return chunk{sink, t.fill(s, sink)}, nil
	}, func(c chunk) error {
		found.add(c.found)
		_, err := out.Write(c.sink.buf)
		select {
		case free <- c.sink:
		default:
		}
		return err
	})
	return found, err
}
