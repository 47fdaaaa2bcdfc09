package csv_test

import (
	stdcsv "encoding/csv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source/csv"
)

// fuzzParams are the dialects that fuzzing goes through.
var fuzzParams = []string{
	"header=false&delimiter=,&types=*:text",
	"header=false&delimiter=,",
	"header=false&delimiter=,&ragged=pad&types=*:text",
	"header=false&delimiter=,&escape=%5C&types=*:text",
	"header=false&delimiter=,&quote=none&types=*:text",
	"header=true&null=x&null=",
	"header=false&delimiter=;&quote='&encoding=latin1",
	"",
}

var fuzzSeeds = []string{
	"a,b\n1,2\n3,4\n",
	"a,b\r\n\"x\r\ny\",\"\"\"\"\r\n,\r\n\r\n\"\",z",
	"a\rb\rc",
	"5\" pipe,x\n\"a\"\"b\",c\n\"a\nb\nc\nd\",e\n",
	"\"\",\"\"\n\"\",\"\"\n\"\",\"\"\n\"\",\"\"\n",
	"1,\", \",x\n2,\", \",y\n3,\"\n\",z\n",
	"\"a\\\"b\",c\n\"\\\\\",d\n",
	"a,b\n\"never closed,1\n2,3\n4,5\n",
	"a,b\n\"x\"y,1\n2,3\n",
	"\ufeffid;t\n1;'a;b'\n2;'c\nd'\n",
	strings.Repeat("12345,abcdef\n", 20) + strings.Repeat("\"a,\nb\",\"\"\"\"\n", 20),
}

// FuzzSplit holds reading in several partitions against reading in one: the
// same rows in the same order, or an error in both cases. Records and blocks
// are kept small, so that every border case is met in small inputs.
func FuzzSplit(f *testing.F) {
	for i, s := range fuzzSeeds {
		for p := range fuzzParams {
			f.Add(s, uint8(p), uint8(2+i), uint16(7), uint8(3*i))
		}
	}
	f.Fuzz(func(t *testing.T, content string, params, want uint8, maxRecord uint16, block uint8) {
		cfg := csv.Config{
			MinPartitionBytes: 1,
			MaxRecordBytes:    int(maxRecord) + 1,
			BlockBytes:        int(block) + 1,
			WholeBytes:        int64(block) + 32,
			BatchBytes:        100,
		}
		uri := fuzzParams[int(params)%len(fuzzParams)]
		one, errOne := readText(t, content, uri, cfg, 1)
		many, errMany := readText(t, content, uri, cfg, int(want)+2)
		if errOne != nil {
			require.True(t, recon.IsInput(errOne), "error of another kind: %v", errOne)
			require.Error(t, errMany, "one partition fails with %v, several do not", errOne)
			require.True(t, recon.IsInput(errMany), "error of another kind: %v", errMany)
			return
		}
		require.NoError(t, errMany)
		require.Equal(t, one.rows, many.rows)
	})
}

// FuzzRead holds our reading against encoding/csv wherever both have the same
// rules. A file that is sampled as a whole is also divided by both of our
// readers, whose numbers of rows must agree.
func FuzzRead(f *testing.F) {
	for i, s := range fuzzSeeds {
		f.Add(s, uint8(5*i))
	}
	f.Fuzz(func(t *testing.T, content string, block uint8) {
		ours, err := readText(t, content, "header=false&delimiter=,&types=*:text", csv.Config{BlockBytes: int(block) + 1}, 1)
		if err != nil {
			require.True(t, recon.IsInput(err), "error of another kind: %v", err)
		} else {
			require.Equal(t, ours.estimate, int64(len(ours.rows)), "the sampling and the reading of records disagree")
		}
		want, comparable := stdRows(content)
		if !comparable {
			return
		}
		require.NoError(t, err, "encoding/csv accepts it")
		require.Equal(t, want, valuesOnly(ours.rows))
	})
}

// stdRows reads content with encoding/csv. It is not comparable where that
// package refuses the content, and where its rules differ: it normalises CR LF
// within quotes, drops a CR at the very end, skips empty lines also in files
// of one column and reads bytes that are no UTF-8.
func stdRows(content string) ([][]string, bool) {
	if strings.Contains(content, "\r") || strings.HasPrefix(content, "\ufeff") || strings.ToValidUTF8(content, "") != content {
		return nil, false
	}
	rows, err := stdcsv.NewReader(strings.NewReader(content)).ReadAll()
	if err != nil || len(rows) == 0 || len(rows[0]) == 1 {
		return nil, false
	}
	return rows, true
}

// valuesOnly writes nulls as the empty texts that they were.
func valuesOnly(rows [][]string) [][]string {
	out := make([][]string, len(rows))
	for i, row := range rows {
		out[i] = make([]string, len(row))
		for j, v := range row {
			if v != null {
				out[i][j] = v
			}
		}
	}
	return out
}
