package filter_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source/filter"
)

func likes(t testing.TB, pattern string, texts ...string) string {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "c", Type: arrow.BinaryTypes.String}}, nil)
	raw, err := json.Marshal(pattern)
	require.NoError(t, err)
	p, err := filter.Compile(schema, []recon.FilterCondition{cond("c", "like", string(raw))})
	require.NoError(t, err)
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	b.AppendValues(texts, nil)
	arr := b.NewArray()
	defer arr.Release()
	rec := array.NewRecordBatch(schema, []arrow.Array{arr}, int64(len(texts)))
	defer rec.Release()
	keep, err := p.Keep(nil, rec)
	require.NoError(t, err)
	var out strings.Builder
	for _, k := range keep {
		out.WriteByte('0' + k)
	}
	return out.String()
}

func TestLike(t *testing.T) {
	t.Parallel()
	cases := []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"%", "", true}, {"%%", "abc", true}, {"_", "", false},
		{"abc", "abc", true}, {"abc", "abcd", false}, {"abc", "ABC", false},
		{"a%", "abc", true}, {"%c", "abc", true}, {"%b%", "abc", true}, {"%x%", "abc", false},
		{"a%c", "ac", true}, {"ab%bc", "abc", false}, {"a%b%a", "aba", true}, {"a%b%a", "ab", false},
		{"%aab", "aaab", true}, {"%a_b", "aaxb", true}, {"_b_", "abc", true}, {"_%_", "a", false}, {"_%_", "ab", true},
		{"_", "ä", true}, {"__", "日本", true}, {"%_本", "日本", true}, {"日_", "日", false}, {"%_ä_%", "xäy", true},
		{`100\%`, "100%", true}, {`100\%`, "1000", false}, {`a\_b`, "a_b", true}, {`a\_b`, "axb", false}, {`a\\`, `a\`, true}, {`\ab`, "ab", true},
		{"a%z", "a\nz", true}, {"a_z", "a\nz", true}, {"%ab%ab%", "abab", true}, {"%ab%ab%", "abb", false},
		{"a.c", "abc", false}, {"[a]", "a", false}, {"_", "\xff", true}, {"%__", "a", false},
	}
	for _, c := range cases {
		want := "0"
		if c.want {
			want = "1"
		}
		require.Equal(t, want, likes(t, c.pattern, c.text), "%q like %q", c.text, c.pattern)
	}
}

// asRegexp is the same pattern for another matcher.
func asRegexp(pattern string) (*regexp.Regexp, bool) {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	escaped := false
	for _, r := range pattern {
		switch {
		case escaped || (r != '%' && r != '_' && r != '\\'):
			b.WriteString(regexp.QuoteMeta(string(r)))
			escaped = false
		case r == '\\':
			escaped = true
		case r == '%':
			b.WriteString(".*")
		default:
			b.WriteString(".")
		}
	}
	return regexp.MustCompile(b.String() + `\z`), !escaped
}

func FuzzLikeAgainstRegexp(f *testing.F) {
	for _, seed := range [][2]string{{"a%b_", "aab"}, {`%\%_`, "a%b"}, {"%_ä%", "xää"}, {"_%__%", "ab"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		pattern, text = strings.ToValidUTF8(pattern, "?"), strings.ToValidUTF8(text, "?")
		re, ok := asRegexp(pattern)
		if !ok || len(pattern) > 100 || len(text) > 200 {
			return
		}
		want := "0"
		if re.MatchString(text) {
			want = "1"
		}
		require.Equal(t, want, likes(t, pattern, text), "%q like %q", text, pattern)
	})
}
