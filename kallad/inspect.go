package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/spf13/cobra"

	"kallad/worker/evidence"
	"kallad/worker/recon"
	"kallad/worker/source"
)

// inspectFlags are the settings of `kallad inspect`.
type inspectFlags struct {
	stores storeFlags
	json   bool
	sample int
}

func newInspectCommand() *cobra.Command {
	f := &inspectFlags{}
	cmd := &cobra.Command{
		Use:   "inspect URI",
		Short: "Show what a source holds",
		Long: `Shows a source as a job would see it: columns with their exact types, an
estimate of its rows, how far it can be split, and its first rows.`,
		Example: `  kallad inspect payments.csv
  kallad inspect 'postgres://app@db:5432/erp?table=invoices'
  kallad inspect --json s3://bucket/2024/*.parquet`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := readEnv(cmd); err != nil {
				return err
			}
			uri := recon.URI(args[0])
			about, err := f.inspect(cmd.Context(), uri)
			if err != nil {
				return errors.New(recon.Scrub(err.Error(), uri))
			}
			return f.print(cmd.OutOrStdout(), about)
		},
	}
	flags := cmd.Flags()
	f.stores.register(flags, true)
	flags.BoolVar(&f.json, "json", false, "print JSON")
	flags.IntVar(&f.sample, "sample", 5, "rows to show")
	return cmd
}

// inspection is what `kallad inspect --json` prints.
type inspection struct {
	URI     string             `json:"uri"`
	Columns []inspectionColumn `json:"columns"`
	// Rows and Bytes are estimates; -1 when unknown.
	Rows          int64                `json:"rows"`
	Bytes         int64                `json:"bytes"`
	MaxPartitions int                  `json:"max_partitions"`
	Notes         []string             `json:"notes,omitempty"`
	Sample        []map[string]*string `json:"sample"`
}

type inspectionColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

func (f *inspectFlags) inspect(ctx context.Context, uri recon.URI) (_ *inspection, err error) {
	stores, err := f.stores.open(nil, nil)
	if err != nil {
		return nil, err
	}
	src, err := stores.sources.Open(ctx, uri)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	about, err := src.Describe(ctx)
	if err != nil {
		return nil, err
	}
	out := &inspection{
		URI: uri.String(), Rows: about.Rows, Bytes: about.Bytes, MaxPartitions: about.MaxPartitions,
		Notes: about.Notes, Sample: []map[string]*string{},
	}
	for _, field := range about.Schema.Fields() {
		out.Columns = append(out.Columns, inspectionColumn{Name: field.Name, Type: field.Type.String()})
	}
	return out, f.readSample(ctx, src, about.Schema, out)
}

// readSample reads the source's first rows.
func (f *inspectFlags) readSample(ctx context.Context, src source.Source, schema *arrow.Schema, out *inspection) (err error) {
	if f.sample < 1 {
		return nil
	}
	scan := source.Scan{BatchRows: f.sample}
	for _, field := range schema.Fields() {
		scan.Columns = append(scan.Columns, field.Name)
	}
	partitions, err := src.Split(ctx, scan, 1)
	if err != nil {
		return err
	}
	batches, err := src.Read(ctx, scan, partitions[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, batches.Close()) }()
	batch, err := batches.Next(ctx)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	defer batch.Release()
	for i := range min(f.sample, int(batch.NumRows())) {
		row := map[string]*string{}
		for c, col := range batch.Columns() {
			row[batch.ColumnName(c)] = nil
			if col.IsValid(i) {
				value := evidence.ValueText(col, i)
				row[batch.ColumnName(c)] = &value
			}
		}
		out.Sample = append(out.Sample, row)
	}
	return nil
}

func (f *inspectFlags) print(out io.Writer, about *inspection) error {
	if f.json {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(about)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", about.URI)
	if about.Rows >= 0 {
		fmt.Fprintf(&b, "about %s rows", group(about.Rows))
		if about.Bytes >= 0 {
			fmt.Fprintf(&b, ", %s", formatBytes(about.Bytes))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "can be read in up to %s partitions\n", group(int64(about.MaxPartitions)))
	for _, note := range about.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	b.WriteString("\n")
	if err := about.table(&b); err != nil {
		return err
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// sampleWidth cuts long values, in characters.
const sampleWidth = 24

// table lists the columns with their types, and the sample beside them.
func (a *inspection) table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "column\ttype\tfirst rows\n")
	for _, c := range a.Columns {
		cells := []string{c.Name, c.Type}
		for _, row := range a.Sample {
			cells = append(cells, sampleText(row[c.Name]))
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

func sampleText(value *string) string {
	if value == nil {
		return "null"
	}
	text := []rune(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '\u00b7'
		}
		return r
	}, *value))
	if len(text) > sampleWidth {
		return string(text[:sampleWidth-1]) + "\u2026"
	}
	return string(text)
}
