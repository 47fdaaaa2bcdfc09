package api_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// schemaChecker holds values against the part of JSON Schema that the OpenAPI
// document uses; a keyword it does not know is a fault of the document.
type schemaChecker struct {
	root map[string]any
}

// check returns what is wrong with v, by its place.
func (c schemaChecker) check(schema map[string]any, v any, at string) []string {
	var wrong []string
	complain := func(format string, args ...any) { wrong = append(wrong, at+": "+fmt.Sprintf(format, args...)) }
	object, isObject := v.(map[string]any)
	list, isList := v.([]any)
	text, isText := v.(string)
	number, isNumber := v.(float64)
	for keyword, rule := range schema {
		switch keyword {
		case "$ref":
			wrong = append(wrong, c.check(c.resolve(rule.(string)), v, at)...)
		case "type":
			if !hasType(rule, v) {
				complain("is %T, not %v", v, rule)
			}
		case "const":
			if v != rule {
				complain("is %v, not %v", v, rule)
			}
		case "enum":
			if !slices.Contains(rule.([]any), v) {
				complain("is %v, not one of %v", v, rule)
			}
		case "required":
			for _, name := range rule.([]any) {
				if _, ok := object[name.(string)]; isObject && !ok {
					complain("lacks %q", name)
				}
			}
		case "properties", "additionalProperties":
			if keyword == "additionalProperties" && schema["properties"] != nil && rule != false {
				complain("the checker knows additionalProperties beside properties only as false")
			}
		case "items":
			for i, e := range list {
				wrong = append(wrong, c.check(rule.(map[string]any), e, fmt.Sprintf("%s[%d]", at, i))...)
			}
		case "minItems":
			if isList && float64(len(list)) < rule.(float64) {
				complain("has fewer than %v elements", rule)
			}
		case "maxItems":
			if isList && float64(len(list)) > rule.(float64) {
				complain("has more than %v elements", rule)
			}
		case "minLength":
			if isText && float64(len(text)) < rule.(float64) {
				complain("is shorter than %v", rule)
			}
		case "minimum":
			if isNumber && number < rule.(float64) {
				complain("is less than %v", rule)
			}
		case "maximum":
			if isNumber && number > rule.(float64) {
				complain("is more than %v", rule)
			}
		case "pattern":
			if isText && !regexp.MustCompile(rule.(string)).MatchString(text) {
				complain("%q does not look like %v", text, rule)
			}
		case "format":
			if _, err := time.Parse(time.RFC3339Nano, text); rule == "date-time" && err != nil {
				complain("%q is no date-time", text)
			}
		case "description", "default":
		default:
			complain("the document uses %q, which the checker does not know", keyword)
		}
	}
	if isObject {
		wrong = append(wrong, c.members(schema, object, at)...)
	}
	return wrong
}

func (c schemaChecker) members(schema, object map[string]any, at string) []string {
	var wrong []string
	properties, _ := schema["properties"].(map[string]any)
	for name, v := range object {
		place := at + "." + name
		if rule, ok := properties[name].(map[string]any); ok {
			wrong = append(wrong, c.check(rule, v, place)...)
			continue
		}
		switch rest := schema["additionalProperties"].(type) {
		case bool:
			wrong = append(wrong, place+": is not in the document")
		case map[string]any:
			wrong = append(wrong, c.check(rest, v, place)...)
		}
	}
	return wrong
}

func (c schemaChecker) resolve(ref string) map[string]any {
	node := c.root
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		node = node[part].(map[string]any)
	}
	return node
}

func hasType(rule, v any) bool {
	if list, ok := rule.([]any); ok {
		return slices.ContainsFunc(list, func(one any) bool { return hasType(one, v) })
	}
	switch v := v.(type) {
	case map[string]any:
		return rule == "object"
	case []any:
		return rule == "array"
	case string:
		return rule == "string"
	case bool:
		return rule == "boolean"
	case nil:
		return rule == "null"
	case float64:
		return rule == "number" || (rule == "integer" && v == math.Trunc(v))
	}
	return false
}
