package plan

import (
	"regexp"
	"strings"
)

// Translate gives the query the meaning that it has in Postgres and
// DataFusion where DuckDB's differs without saying so:
//   - a ~ b finds b anywhere in a; DuckDB's matches the whole of a;
//   - a bare NUMERIC or DECIMAL keeps every digit; DuckDB's is DECIMAL(18,3)
//     and rounds. The cast becomes a call of numericFunction, a TRY_CAST one
//     of tryNumericFunction.
func (q *Query) Translate(numericFunction, tryNumericFunction string) {
	walk(q.root, q.nameNumerics)
	walk(q.root, func(n node) {
		switch text(n, "class") {
		case "FUNCTION":
			if at := q.location(n); at >= 0 && q.sql[at] == '~' && text(n, "function_name") == "regexp_full_match" {
				n["function_name"] = "regexp_matches"
			}
		case "OPERATOR":
			q.translateNotMatch(n)
		case "CAST":
			if q.bareNumeric(n) {
				try, _ := n["try_cast"].(bool)
				if try {
					becomeCall(n, tryNumericFunction, n["child"])
				} else {
					becomeCall(n, numericFunction, n["child"])
				}
			}
		}
	})
}

// nameNumerics gives a bare cast in a select list the name that it has in
// Postgres, which the call that it becomes would not have.
func (q *Query) nameNumerics(n node) {
	for _, item := range list(n, "select_list") {
		cast, _ := item.(node)
		if text(cast, "class") != "CAST" || text(cast, "alias") != "" || !q.bareNumeric(cast) {
			continue
		}
		cast["alias"] = "numeric"
		if names := texts(list(object(cast, "child"), "column_names")); len(names) > 0 {
			cast["alias"] = names[len(names)-1]
		}
	}
}

func (q *Query) translateNotMatch(n node) {
	at := q.location(n)
	if at < 0 || !strings.HasPrefix(q.sql[at:], "!~") {
		return
	}
	for _, child := range list(n, "children") {
		if f, ok := child.(node); ok && text(f, "function_name") == "regexp_full_match" {
			f["function_name"] = "regexp_matches"
		}
	}
}

var (
	bareType    = regexp.MustCompile(`(?i)^\s*(numeric|decimal|dec)\s*$`)
	bareLiteral = regexp.MustCompile(`(?i)\b(numeric|decimal|dec)\s*$`)
	comment     = regexp.MustCompile(`(?s)/\*.*?\*/|--[^\n]*`)
	// operatorType is a type's name and, if there are any, its parameters
	// and the brackets of a list.
	operatorType = regexp.MustCompile(`^\s*[A-Za-z_][A-Za-z_0-9]*(\s*\([^)]*\))?(\s*\[[^\]]*\])*`)
)

// bareNumeric reports whether a cast's type was written without precision and
// scale; the tree shows DECIMAL(18,3) for both.
func (q *Query) bareNumeric(n node) bool {
	info := object(object(n, "cast_type"), "type_info")
	if text(object(n, "cast_type"), "id") != "DECIMAL" || number(info, "width") != "18" || number(info, "scale") != "3" {
		return false
	}
	at := q.location(n)
	if at < 0 {
		child := q.location(object(n, "child"))
		return child > 0 && bareLiteral.MatchString(q.sql[:child])
	}
	return bareType.MatchString(q.castType(n))
}

// castType is the type of a cast as the query writes it, without comments. Of
// x::type it is what follows, up to the next sign that is no part of a type.
func (q *Query) castType(n node) string {
	at := q.location(n)
	if at < 0 {
		return ""
	}
	if rest, ok := strings.CutPrefix(q.sql[at:], "::"); ok {
		return operatorType.FindString(comment.ReplaceAllString(rest, " "))
	}
	return comment.ReplaceAllString(castTarget(q.sql[at:]), " ")
}

// castTarget returns what stands between AS and the closing parenthesis of a
// CAST(... AS ...) at the start of sql.
func castTarget(sql string) string {
	depth, target := 0, 0
	for i := 0; i < len(sql); i++ {
		switch c := sql[i]; {
		case c == '\'' || c == '"':
			end := strings.IndexByte(sql[i+1:], c)
			if end < 0 {
				return ""
			}
			i += end + 1
		case c == '-' || c == '/':
			if at := comment.FindStringIndex(sql[i:]); at != nil && at[0] == 0 {
				i += at[1] - 1
			}
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return sql[target:i]
			}
		case depth == 1 && len(sql) > i+2 && strings.EqualFold(sql[i:i+2], "as") && !isWord(sql[i-1]) && !isWord(sql[i+2]):
			target = i + 2
		}
	}
	return ""
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func number(n node, key string) string {
	v, ok := n[key].(interface{ String() string })
	if !ok {
		return ""
	}
	return v.String()
}

// becomeCall turns an expression into a call of a function.
func becomeCall(n node, function string, args ...any) {
	alias, at := n["alias"], n["query_location"]
	clear(n)
	n["class"], n["type"], n["alias"], n["query_location"] = "FUNCTION", "FUNCTION", alias, at
	n["function_name"], n["schema"], n["catalog"] = function, "", ""
	n["children"], n["filter"] = args, nil
	n["order_bys"] = node{"type": "ORDER_MODIFIER", "orders": []any{}}
	n["distinct"], n["is_operator"], n["export_state"] = false, false, false
}
