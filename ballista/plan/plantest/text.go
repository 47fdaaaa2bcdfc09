package plantest

import (
	"errors"
	"fmt"
	"strings"
)

// A case as text is a line about it, for each table a line about it and the
// statements that make it, and the query. Read reads what String writes.

// flags are what is true or false of a case.
func (c *Case) flags() map[string]*bool {
	return map[string]*bool{"unique": &c.Unique, "ordered": &c.Ordered, "late": &c.late, "prune": &c.prune}
}

// String implements fmt.Stringer.
func (c Case) String() string {
	out := fmt.Sprintf("seed %d, %d partitions", c.Seed, c.Partitions)
	for _, name := range []string{"unique", "ordered", "late", "prune"} {
		if *c.flags()[name] {
			out += ", " + name
		}
	}
	out += "\n"
	for _, t := range c.Tables {
		out += fmt.Sprintf("-- %d bytes", t.Bytes)
		if keys := c.Keys[t.Name]; keys != nil {
			out += ", key " + strings.Join(keys, ", ")
		}
		out += "\n" + strings.Join(t.Create(), ";\n") + ";\n"
	}
	return out + c.SQL + "\n"
}

// Read returns the case that a text is.
func Read(text string) (Case, error) {
	c := Case{Keys: map[string][]string{}}
	head, rest, _ := strings.Cut(text, "\n")
	words := strings.Split(head, ", ")
	if len(words) < 2 {
		return c, fmt.Errorf("read the line %q", head)
	}
	_, seed := fmt.Sscanf(words[0], "seed %d", &c.Seed)
	_, partitions := fmt.Sscanf(words[1], "%d partitions", &c.Partitions)
	if err := errors.Join(seed, partitions); err != nil {
		return c, fmt.Errorf("read the line %q: %w", head, err)
	}
	for _, name := range words[2:] {
		flag := c.flags()[name]
		if flag == nil {
			return c, fmt.Errorf("read the line %q: what is %q?", head, name)
		}
		*flag = true
	}
	for strings.HasPrefix(rest, "--") {
		var err error
		if rest, err = c.readTable(rest); err != nil {
			return c, err
		}
	}
	c.SQL = strings.TrimSpace(rest)
	return c, nil
}

// readTable reads the table that a text begins with, and returns the rest.
func (c *Case) readTable(text string) (rest string, err error) {
	var t Table
	about, text, _ := strings.Cut(text, "\n")
	size, keys, _ := strings.Cut(about, ", key ")
	if _, err := fmt.Sscanf(size, "-- %d bytes", &t.Bytes); err != nil {
		return "", fmt.Errorf("read the line %q: %w", about, err)
	}
	create, text, _ := strings.Cut(text, ";\n")
	head, columns, _ := strings.Cut(create, " (")
	var ok bool
	if t.Name, ok = strings.CutPrefix(head, "CREATE TABLE "); !ok {
		return "", fmt.Errorf("read the line %q: it makes no table", create)
	}
	for _, text := range list(strings.TrimSuffix(columns, ")")) {
		// A kind has no blank but within parentheses.
		at := strings.LastIndex(strings.SplitN(text, "(", 2)[0], " ")
		t.columns = append(t.columns, column{name: text[:at], kind: text[at+1:]})
	}
	if keys != "" {
		c.Keys[t.Name] = list(keys)
	}
	if insert := "INSERT INTO " + t.Name + " VALUES "; strings.HasPrefix(text, insert) {
		var rows string
		rows, text, _ = strings.Cut(strings.TrimPrefix(text, insert), ";\n")
		for _, row := range list(rows) {
			t.rows = append(t.rows, list(strings.TrimSuffix(strings.TrimPrefix(row, "("), ")")))
		}
	}
	c.Tables = append(c.Tables, t)
	return text, nil
}

// list splits a list at the commas that are in no text and no parentheses.
func list(text string) []string {
	var out []string
	depth, from := 0, 0
	var quote rune
	for i, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case strings.ContainsRune("([{", c):
			depth++
		case strings.ContainsRune(")]}", c):
			depth--
		case c == ',' && depth == 0:
			out, from = append(out, strings.TrimSpace(text[from:i])), i+1
		}
	}
	return append(out, strings.TrimSpace(text[from:]))
}
