// Command lint holds the tree to the rules that no ready-made linter knows:
// who may import whom, and the house's habits (see package house).
//
// Usage: go run ./tools/lint [-fix] [folder]
//
// It prints each violation with its place and exits with 1 if there is any.
// With -fix it brings the visibility in the BUILD files in line with the law of
// imports instead, and checks nothing.
package main

import (
	"flag"
	"fmt"
	"os"

	"kallad/tools/lint/house"
)

func main() {
	fix := flag.Bool("fix", false, "set the visibility in BUILD files to what the law of imports says")
	flag.Parse()
	root := "."
	if flag.NArg() > 0 {
		root = flag.Arg(0)
	}
	violations, err := run(root, *fix)
	if err != nil {
		fmt.Fprintln(os.Stderr, "lint:", err)
		os.Exit(2)
	}
	for _, v := range violations {
		fmt.Println(v)
	}
	if len(violations) > 0 {
		os.Exit(1)
	}
}

func run(root string, fix bool) ([]house.Violation, error) {
	tree, err := house.Load(os.DirFS(root))
	if err != nil {
		return nil, err
	}
	law := house.Kallad()
	if fix {
		return nil, house.FixVisibility(root, law, tree)
	}
	return append(law.Check(tree), law.CheckVisibility(tree)...), nil
}
