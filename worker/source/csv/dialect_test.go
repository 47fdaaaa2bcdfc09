package csv_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source/csv"
)

// show writes a table as one line per row, values joined by |.
func show(t *table) string {
	lines := []string{strings.Join(t.names, "|")}
	for _, r := range t.rows {
		lines = append(lines, strings.Join(r, "|"))
	}
	return strings.Join(lines, "\n")
}

func encodeUTF16(s string, big, bom bool) string {
	if bom {
		s = "\ufeff" + s
	}
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		hi, lo := byte(u>>8), byte(u)
		if big {
			b.Write([]byte{hi, lo})
		} else {
			b.Write([]byte{lo, hi})
		}
	}
	return b.String()
}

func TestDialects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content, params, want string
	}{
		"plain":                      {"a,b\nx,y\n", "", "a|b\nx|y"},
		"no final line end":          {"a,b\nx,y", "", "a|b\nx|y"},
		"CR LF":                      {"a,b\r\nx,y\r\n", "", "a|b\nx|y"},
		"CR LF, no final line end":   {"a,b\r\nx,y", "", "a|b\nx|y"},
		"cut between CR and LF":      {"a,b\r\nx,y\r", "", "a|b\nx|y"},
		"CR":                         {"a,b\rx,y\r", "", "a|b\nx|y"},
		"CR, LF is data":             {"a,b\rx,y\nz\r", "", "a|b\nx|y\nz"},
		"lone CR is data":            {"a,b\nx,y\rz\n", "", "a|b\nx|y\rz"},
		"quoted CR before CR LF":     {"\"a\rz\",b\r\nx,y\r\n", "", "a\rz|b\nx|y"},
		"quoted line ends":           {"a,b\n\"x\r\n\ny\",z\n", "", "a|b\nx\r\n\ny|z"},
		"doubled quotes":             {"a,b\n\"x\"\"y\",\"\"\"\"\n", "", "a|b\nx\"y|\""},
		"quote inside a plain field": {"a,b\n5\" pipe,6\"\"\n", "", "a|b\n5\" pipe|6\"\""},
		"blank before a quote":       {"a,b\n \"x\",y\n", "", "a|b\n \"x\"|y"},
		"escape":                     {"a,b\n\"x\\\"y\",\"\\\\ \\n\"\n", "escape=%5C", "a|b\nx\"y|\\ \\n"},
		"other quote":                {"a,b\n'x,y','''z'\n", "quote='", "a|b\nx,y|'z"},
		"no quote":                   {"a,b\n\"x,y\"\n", "quote=none", "a|b\n\"x|y\""},
		"semicolons":                 {"a;b\nx,1;y,2\nx;y\n", "", "a|b\nx,1|y,2\nx|y"},
		"tabs":                       {"a\tb\nx\ty\n", "", "a|b\nx|y"},
		"bars":                       {"a|b\nx|y\n", "", "a|b\nx|y"},
		"delimiter given":            {"a,b;c\nx,y;z\n", "delimiter=;", "a,b|c\nx,y|z"},
		"delimiter by name":          {"a\tb,c\nx\ty,z\n", "delimiter=tab", "a|b,c\nx|y,z"},
		"delimiter in quotes":        {"\"a;b\",c\n\"x;y\",z\n", "", "a;b|c\nx;y|z"},
		"empty lines":                {"\n\na,b\n\nx,y\n\r\n\n", "", "a|b\nx|y"},
		"empty lines of one column":  {"a\nx\n\ny\n", "", "a\nx\n<null>\ny"},
		"one empty line, no header":  {"\nx\n", "header=false", "column0\n<null>\nx"},
		"no header":                  {"x,y\nz,1\n", "header=false", "column0|column1\nx|y\nz|1"},
		"header only":                {"a,b\n", "", "a|b"},
		"header only, no line end":   {"a,b", "", "a|b"},
		"BOM":                        {"\ufeffa,b\nx,y\n", "", "a|b\nx|y"},
		"BOM and quoted header":      {"\ufeff\"a\",b\nx,y\n", "", "a|b\nx|y"},
		"utf-16 little endian BOM":   {encodeUTF16("a,b\né,🙂\n", false, true), "", "a|b\né|🙂"},
		"utf-16 big endian BOM":      {encodeUTF16("a,b\né,🙂\n", true, true), "", "a|b\né|🙂"},
		"utf-16le":                   {encodeUTF16("a,b\né,🙂\n", false, false), "encoding=utf-16le", "a|b\né|🙂"},
		"utf-16be":                   {encodeUTF16("a,b\né,\"x\ny\"", true, false), "encoding=UTF-16BE", "a|b\né|x\ny"},
		"latin1":                     {"a,b\ncaf\xe9,\xa4\n", "encoding=latin1", "a|b\ncafé|¤"},
		"latin9":                     {"\xe9,b\ncaf\xe9,\xa4\n", "encoding=iso-8859-15", "é|b\ncafé|€"},
		"windows-1252":               {"a,b\n\x93q\x94,\x80\n", "encoding=windows-1252", "a|b\n“q”|€"},
		"null":                       {"a,b\nNULL,\"NULL\"\nx,\n", "null=NULL", "a|b\n<null>|NULL\nx|"},
		"two nulls":                  {"a,b\nNULL,-\n,x\n", "null=NULL&null=-", "a|b\n<null>|<null>\n|x"},
		"null in latin1":             {"a,b\n\xe9,x\n", "null=é&encoding=latin1", "a|b\n<null>|x"},
		"empty and quoted empty":     {"a,b\n,\"\"\nx,y\n", "", "a|b\n<null>|\nx|y"},
		"quoted empty number":        {"a,b\nx,\"\"\ny,7\n", "", "a|b\nx|<null>\ny|7"},
		"short records padded":       {"a,b,c\nx\ny,z\n1,2,3\n", "ragged=pad", "a|b|c\nx|<null>|<null>\ny|z|<null>\n1|2|3"},
		"NUL byte is data":           {"a,b\nx\x00,y\n", "", "a|b\nx\x00|y"},
		"names made unique":          {"id,ID,,id_2,id\nx,y,z,v,w\n", "", "id|ID_3|column2|id_2|id_4\nx|y|z|v|w"},
		"header said to be there":    {"1,2\n3,4\n", "header=true", "1|2\n3|4"},
		"empty column names":         {",amount\n1,2.50\n", "", "column0|amount\n1|2.50"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Tiny blocks make every field cross a block's border in some run.
			for _, block := range []int{1, 2, 3, 1 << 20} {
				for _, want := range []int{1, 3} {
					got, err := readText(t, c.content, c.params, csv.Config{BlockBytes: block, MinPartitionBytes: 1}, want)
					require.NoError(t, err)
					require.Equal(t, c.want, show(got), "blocks of %d, %d partitions", block, want)
				}
			}
		})
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content, params string
		want            []string
	}{
		"too few fields":       {"a,b\nx,y\nz\n", "", []string{"f.csv, line 3", "1 fields instead of 2", "ragged=pad"}},
		"too many fields":      {"a,b\n\"x\n\n\",y\nz,v,w\n", "", []string{"f.csv, line 5", "3 fields instead of 2", "has to be quoted"}},
		"too many to pad":      {"a,b\nz,v,w\n", "ragged=pad", []string{"line 2", "3 fields instead of 2"}},
		"text after a quote":   {"a,b\n\"x\"y,z\n", "", []string{"line 2", "not followed by the delimiter", `written as ""`}},
		"never closed":         {"a,b\nx,y\nz,\"v\nw,u\n", "", []string{"line 3", "never ends"}},
		"not UTF-8":            {"a,b\nx,y\nx,caf\xe9\n", "", []string{"line 3", `column "b"`, `"caf\xe9"`, "is not UTF-8", "encoding=windows-1252"}},
		"header is not UTF-8":  {"a,\xe9\nx,y\n", "", []string{"line 1", "is not UTF-8", "encoding="}},
		"not in the encoding":  {"a,b\nx,\x81\n", "encoding=iso-8859-15", []string{"line 2", `column "b"`, `"\x81"`, "is not text in the encoding iso-8859-15"}},
		"half a UTF-16":        {encodeUTF16("a,b\nx,y\n", false, true) + "z", "", []string{"the content is damaged", "inside a UTF-16 character"}},
		"lone surrogate":       {"a\x00,\x00b\x00\n\x00\x00\xd8,\x00y\x00\n\x00", "encoding=utf-16le", []string{"half a UTF-16 surrogate pair"}},
		"UTF-16 without a BOM": {encodeUTF16("a,b\nx,y\n", false, false), "", []string{"NUL byte", "encoding=utf-16"}},
		"empty":                {"", "", []string{"f.csv is empty"}},
		"BOM only":             {"\ufeff", "", []string{"is empty"}},
		"empty lines only":     {"\n\r\n\n", "", []string{"is empty"}},
		"names or a row":       {"1,2.50\n3,4.00\n", "", []string{"header=true or header=false", "2.50"}},
		"names or a row alone": {"1,2", "", []string{"header=true or header=false"}},
		"unknown column typed": {"a,b\nx,y\n", "types=c:text", []string{`no column "c"`, "it has a, b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readText(t, c.content, c.params, csv.Config{}, 1)
			require.True(t, recon.IsInput(err), "%v", err)
			for _, part := range c.want {
				require.ErrorContains(t, err, part)
			}
		})
	}
}

func TestBadParameters(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		"headers=true":              `unknown parameter "headers"; known are compression, delimiter, encoding, escape, format, header, null, quote, ragged, types`,
		"header=yes":                "want true or false",
		"delimiter=ab":              "want one ASCII character",
		"delimiter=%0A":             "want one ASCII character",
		"delimiter=;&quote=;":       "must differ from quote",
		"quote=none&escape=%5C":     "nothing to escape",
		"encoding=ebcdic":           "want one of ibm437",
		"ragged=cut":                "want pad",
		"compression=rar":           "want none, gzip or zstd",
		"format=parquet":            "reads csv",
		"types=a":                   "want column:type",
		"types=a:money":             `unknown type "money"; known are text, integer`,
		"types=a:decimal":           "needs its digits",
		"types=a:decimal(40,2)":     "1 to 38 digits",
		"types=a:decimal(2,3)":      "1 to 38 digits",
		"types=a:text,a:integer":    "has two types",
		"header=true&header=false":  "header is there twice",
		"header=yes&encoding=utf-9": "encoding",
	} {
		_, err := readText(t, "a,b\nx,y\n", params, csv.Config{}, 1)
		require.True(t, recon.IsInput(err), "%s: %v", params, err)
		require.ErrorContains(t, err, want, params)
	}
}

func TestLongRecords(t *testing.T) {
	t.Parallel()
	cfg := csv.Config{MaxRecordBytes: 1000, BlockBytes: 64, MinPartitionBytes: 1, WholeBytes: 100}
	fits := strings.Repeat("x", 998)
	for _, want := range []int{1, 5} {
		for _, content := range []string{"a,b\n" + fits + ",y\n", "a,b\r\n" + fits + ",y", "a,b\n\"" + fits[2:] + "\",\r\n"} {
			_, err := readText(t, content, "", cfg, want)
			require.NoError(t, err)
		}
		for _, content := range []string{"a,b\n" + fits + ",yz\n", "a,b\n" + fits + ",yz", "a,b\n\"" + fits + "\",z\n", "a,b\n1,2\n\"" + strings.Repeat("never closed\n", 1000)} {
			_, err := readText(t, content, "types=*:text", cfg, want)
			require.True(t, recon.IsInput(err), "%v", err)
			require.ErrorContains(t, err, "longer than 1000 bytes")
		}
	}
	// A field of many blocks comes through whole.
	long := strings.Repeat("0123456789", 100_000)
	got, err := readText(t, "a,b\n\""+long+"\",y\n", "", csv.Config{BlockBytes: 4096}, 1)
	require.NoError(t, err)
	require.Equal(t, [][]string{{long, "y"}}, got.rows)
}
