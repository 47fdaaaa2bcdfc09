// Command kubernetes writes JSON schemas for kubeconform, one file per kind,
// from the OpenAPI document that Kubernetes ships and the resource definitions
// that others do: kubernetes FOLDER FILE...
//
// A .json file is an OpenAPI 2 document with every kind of Kubernetes, a .yaml
// file holds CustomResourceDefinitions. Fields that a type does not declare are
// made errors, as the API server's strict validation does.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: kubernetes FOLDER FILE...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "kubernetes: %v\n", err)
		os.Exit(1)
	}
}

func run(folder string, files []string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if filepath.Ext(path) == ".json" {
			err = openAPI(folder, content)
		} else {
			err = customResource(folder, content)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// object is a JSON object, such as a schema.
type object = map[string]any

// kind is what a resource is, as kubeconform names files after it.
type kind struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
}

func (k kind) write(folder string, schema object) error {
	text, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	group := k.Group
	if group == "" {
		group = k.Version // what kubeconform takes for the group of the oldest kinds
	}
	name := fmt.Sprintf("%s-%s-%s.json", group, k.Version, strings.ToLower(k.Kind))
	return os.WriteFile(filepath.Join(folder, name), text, 0o644)
}

func openAPI(folder string, content []byte) error {
	var document struct {
		Definitions map[string]object `json:"definitions"`
	}
	if err := json.Unmarshal(content, &document); err != nil {
		return err
	}
	if len(document.Definitions) == 0 {
		return errors.New("no definitions")
	}
	for _, schema := range document.Definitions {
		strict(schema)
	}
	for name, schema := range document.Definitions {
		kinds, ok := schema["x-kubernetes-group-version-kind"]
		if !ok {
			continue
		}
		text, err := json.Marshal(kinds)
		if err != nil {
			return err
		}
		var list []kind
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
		for _, k := range list {
			if err := k.write(folder, standalone(name, k, document.Definitions)); err != nil {
				return err
			}
		}
	}
	return nil
}

const reference = "#/definitions/"

// standalone is one definition with all that it refers to, for one kind: the
// document itself lets apiVersion and kind be anything.
func standalone(name string, k kind, all map[string]object) object {
	needed := object{}
	var need func(node any)
	need = func(node any) {
		switch node := node.(type) {
		case object:
			if ref, ok := node["$ref"].(string); ok {
				target := strings.TrimPrefix(ref, reference)
				if _, have := needed[target]; !have {
					needed[target] = all[target]
					need(all[target])
				}
			}
			for _, child := range node {
				need(child)
			}
		case []any:
			for _, child := range node {
				need(child)
			}
		}
	}
	need(object{"$ref": reference + name})
	version := k.Version
	if k.Group != "" {
		version = k.Group + "/" + k.Version
	}
	return object{
		"$schema": "http://json-schema.org/schema#", "definitions": needed,
		"allOf": []any{
			object{"$ref": reference + name},
			object{
				"required":   []string{"apiVersion", "kind", "metadata"},
				"properties": object{"apiVersion": object{"const": version}, "kind": object{"const": k.Kind}},
			},
		},
	}
}

func customResource(folder string, content []byte) error {
	var definition struct {
		Spec struct {
			Group    string
			Names    struct{ Kind string }
			Versions []struct {
				Name   string
				Schema struct {
					OpenAPIV3Schema object `yaml:"openAPIV3Schema"`
				}
			}
		}
	}
	if err := yaml.Unmarshal(content, &definition); err != nil {
		return err
	}
	if len(definition.Spec.Versions) == 0 {
		return errors.New("no versions")
	}
	for _, v := range definition.Spec.Versions {
		schema := v.Schema.OpenAPIV3Schema
		strict(schema)
		// The API server's own part of every resource.
		if properties, ok := schema["properties"].(object); ok {
			properties["metadata"] = object{"type": "object"}
		}
		if err := (kind{definition.Spec.Group, v.Name, definition.Spec.Names.Kind}).write(folder, schema); err != nil {
			return err
		}
	}
	return nil
}

// strict makes fields that a schema does not declare errors, and says in JSON
// schema what OpenAPI says by format.
func strict(node any) {
	switch node := node.(type) {
	case object:
		_, declares := node["properties"].(object)
		_, more := node["additionalProperties"]
		if open, _ := node["x-kubernetes-preserve-unknown-fields"].(bool); declares && !more && !open {
			node["additionalProperties"] = false
		}
		if integer, _ := node["x-kubernetes-int-or-string"].(bool); integer || node["format"] == "int-or-string" {
			delete(node, "type")
			delete(node, "format")
			node["type"] = []string{"integer", "string"}
		}
		for key, child := range node {
			if key != "x-kubernetes-group-version-kind" {
				strict(child)
			}
		}
	case []any:
		for _, child := range node {
			strict(child)
		}
	}
}
