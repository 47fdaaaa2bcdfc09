package postgres

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"kallad/worker/recon"
)

// address is a parsed source URI: where the server is, and the table there.
//
// The URI is any URL that libpq or pgx knows, and in its query part, taken out
// before pgx sees it:
//
//   - table=name or table=schema.name, required. A name in double quotes is
//     taken as it is; one without is first looked up exactly as written, then
//     in lower case, as SQL would. Without a schema the search path decides.
//   - types=column:type,..., optional: columns to carry in another way. The
//     type is text, for the server's own text form of any type, or
//     decimal(p,s), for a numeric column.
type address struct {
	uri   recon.URI
	conn  *pgx.ConnConfig
	table tableName
	types map[string]columnType
}

// tableName is a table as the address names it.
type tableName struct {
	// Schema is empty when the search path decides.
	Schema, Name ident
}

// ident is a name; quoted ones are never folded to lower case.
type ident struct {
	Text   string
	Quoted bool
}

func (t tableName) String() string {
	if t.Schema.Text == "" {
		return t.Name.Text
	}
	return t.Schema.Text + "." + t.Name.Text
}

// quoted returns the name as SQL writes it; folded has unquoted parts in lower
// case.
func (t tableName) quoted(folded bool) string {
	var parts pgx.Identifier
	for _, part := range []ident{t.Schema, t.Name} {
		switch {
		case part.Text == "":
		case folded && !part.Quoted:
			parts = append(parts, strings.ToLower(part.Text))
		default:
			parts = append(parts, part.Text)
		}
	}
	return parts.Sanitize()
}

func parseAddress(uri recon.URI, cfg Config) (*address, error) {
	addr := &address{uri: uri}
	rest, own, err := cutOwnParams(uri.Reveal())
	if err != nil {
		return nil, fmt.Errorf("address %s: %w%s", uri, err, escapeHint(uri))
	}
	if own["table"] == "" {
		return nil, fmt.Errorf("address %s names no table; add table=name or table=schema.name%s", uri, escapeHint(uri))
	}
	if addr.table, err = parseTable(own["table"]); err != nil {
		return nil, fmt.Errorf("address %s: table=%s: %w", uri, own["table"], err)
	}
	if addr.types, err = parseTypes(own["types"]); err != nil {
		return nil, fmt.Errorf("address %s: types=%s: %w", uri, own["types"], err)
	}
	strays := straysIntoPath(rest)
	if !strays {
		if addr.conn, err = parseConn(rest, cfg); err != nil {
			return nil, fmt.Errorf("address %s: %w%s", uri, parseFault(err, uri), escapeHint(uri))
		}
	}
	if strays || strings.Contains(addr.conn.Host, "@") {
		// What stands before the last @ is the end of a password.
		return nil, fmt.Errorf("address %s: there is more than one @%s", uri, escapeHint(uri))
	}
	addr.settle(cfg)
	if err := confine(addr.conn, cfg); err != nil {
		return nil, fmt.Errorf("address %s: %w", uri, err)
	}
	return addr, nil
}

// straysIntoPath reports whether an address has an @ both before and after the
// slash that ends its authority. Then a password was not escaped, of which a
// part would be taken for a host and the rest for a database, which errors name.
func straysIntoPath(raw string) bool {
	_, raw, _ = strings.Cut(raw, "://")
	raw, _, _ = strings.Cut(raw, "?")
	authority, path, _ := strings.Cut(raw, "/")
	return strings.Contains(authority, "@") && strings.Contains(path, "@")
}

// escapeHint says what to do about a password that is not escaped, "" when the
// address has no such.
func escapeHint(uri recon.URI) string {
	for _, secret := range recon.Secrets(uri.Reveal()) {
		asWritten := strings.Contains(uri.Reveal(), secret)
		if asWritten && strings.ContainsAny(secret, "@/?#[] ") {
			return "; a password in an address is percent-encoded: write @ as %40, / as %2F, ? as %3F, # as %23, % as %25, a blank as %20"
		}
	}
	return ""
}

// parseFault keeps of a parser's error what does not repeat the address.
func parseFault(err error, uri recon.URI) error {
	text := err.Error()
	if _, after, ok := strings.Cut(text, "`: "); ok {
		text = after
	}
	return errors.New(recon.Scrub(text, uri))
}

// cutOwnParams takes the parameters that are ours out of the URL's query part
// and leaves all else as it was written.
func cutOwnParams(raw string) (rest string, own map[string]string, err error) {
	scheme, tail, _ := strings.Cut(raw, "://")
	own = map[string]string{}
	start := 0
	if i := strings.IndexAny(tail, "@/"); i >= 0 && tail[i] == '@' {
		start = i
	}
	q := strings.IndexByte(tail[start:], '?')
	if q < 0 {
		return strings.ToLower(scheme) + "://" + tail, own, nil
	}
	base, query := tail[:start+q], tail[start+q+1:]
	var keep []string
	for _, kv := range strings.Split(query, "&") {
		key, value, _ := strings.Cut(kv, "=")
		if key != "table" && key != "types" {
			keep = append(keep, kv)
			continue
		}
		if own[key] != "" {
			return "", nil, fmt.Errorf("the parameter %s is there twice", key)
		}
		if own[key], err = url.PathUnescape(value); err != nil {
			return "", nil, fmt.Errorf("the parameter %s is not percent-encoded right; write %%25 for a percent sign", key)
		}
	}
	rest = strings.ToLower(scheme) + "://" + base
	if len(keep) > 0 {
		rest += "?" + strings.Join(keep, "&")
	}
	return rest, own, nil
}

// parseTable reads name, schema.name, and both with double quotes.
func parseTable(s string) (tableName, error) {
	var parts []ident
	for {
		part, rest, err := parseIdent(s, ".")
		if err != nil {
			return tableName{}, err
		}
		parts = append(parts, part)
		if rest == "" {
			break
		}
		s = rest[1:]
	}
	switch len(parts) {
	case 1:
		return tableName{Name: parts[0]}, nil
	case 2:
		return tableName{Schema: parts[0], Name: parts[1]}, nil
	}
	return tableName{}, errors.New(`want name or schema.name; put a name that holds a dot in double quotes`)
}

// parseIdent reads one name up to any of the separators or the end; rest
// begins with the separator.
func parseIdent(s, separators string) (id ident, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, separators)
		if end < 0 {
			end = len(s)
		}
		id, rest = ident{Text: s[:end]}, s[end:]
		if id.Text == "" || strings.Contains(id.Text, `"`) {
			return id, "", fmt.Errorf("%q is no name; a quoted name is in double quotes as a whole", id.Text)
		}
		return id, rest, nil
	}
	var text strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			text.WriteByte(s[i])
			continue
		}
		if strings.HasPrefix(s[i+1:], `"`) {
			text.WriteByte('"')
			i++
			continue
		}
		id, rest = ident{Text: text.String(), Quoted: true}, s[i+1:]
		if id.Text == "" || rest != "" && !strings.ContainsAny(rest[:1], separators) {
			break
		}
		return id, rest, nil
	}
	return id, "", fmt.Errorf("%s is no name in double quotes", s)
}

// parseTypes reads column:type,... with types text and decimal(p,s).
func parseTypes(s string) (map[string]columnType, error) {
	types := map[string]columnType{}
	for s != "" {
		name, rest, err := parseIdent(s, ":")
		if err != nil {
			return nil, err
		}
		if rest == "" {
			return nil, fmt.Errorf("%q has no type; want column:text or column:decimal(p,s)", name.Text)
		}
		spec, after := cutType(rest[1:])
		if types[name.Text], err = parseType(spec); err != nil {
			return nil, fmt.Errorf("column %q: %w", name.Text, err)
		}
		s = after
	}
	return types, nil
}

// cutType cuts at the first comma outside parentheses.
func cutType(s string) (spec, rest string) {
	depth := 0
	for i, c := range s {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

func parseType(spec string) (columnType, error) {
	spec = strings.ToLower(strings.ReplaceAll(spec, " ", ""))
	if spec == "text" {
		return columnType{Kind: kindCast}, nil
	}
	args, ok := strings.CutPrefix(spec, "decimal(")
	args, closed := strings.CutSuffix(args, ")")
	p, s, two := strings.Cut(args, ",")
	precision, errP := strconv.Atoi(p)
	scale, errS := strconv.Atoi(s)
	if !ok || !closed || !two || errP != nil || errS != nil ||
		precision < 1 || precision > maxPrecision || scale < 0 || scale > precision {
		return columnType{}, fmt.Errorf("%q is not a type to carry a column in; want text, or decimal(p,s) with up to %d digits", spec, maxPrecision)
	}
	return columnType{Kind: kindDecimal, Precision: precision, Scale: scale}, nil
}

// settle puts our settings beside those of the address.
//
// Only parameters that poolers track are sent at the start of a connection;
// the others are set in each transaction.
func (a *address) settle(cfg Config) {
	a.conn.DefaultQueryExecMode = pgx.QueryExecModeExec
	a.conn.StatementCacheCapacity = 0
	a.conn.DescriptionCacheCapacity = 0
	params := a.conn.RuntimeParams
	if params["application_name"] == "" {
		params["application_name"] = cfg.ApplicationName
	}
	params["client_encoding"] = "UTF8"
	params["DateStyle"] = "ISO"
	params["TimeZone"] = "UTC"
	if a.conn.ConnectTimeout == 0 {
		a.conn.ConnectTimeout = cfg.ConnectTimeout
	}
}

// hasOwn reports whether the address sets the parameter of the server's.
func (a *address) hasOwn(parameter string) bool {
	_, named := a.conn.RuntimeParams[parameter]
	return named || strings.Contains(a.conn.RuntimeParams["options"], parameter)
}

// server names the server and the database, for messages.
func (a *address) server() string {
	host := a.conn.Host
	if !strings.HasPrefix(host, string(os.PathSeparator)) {
		host = net.JoinHostPort(host, strconv.Itoa(int(a.conn.Port)))
	}
	return fmt.Sprintf("database %q at %s", a.conn.Database, host)
}
