package dataset

import "strings"

// words are texts to choose from, as they are and as CSV writes them.
type words struct{ plain, quoted []string }

func newWords(texts ...string) words {
	w := words{plain: texts, quoted: make([]string, len(texts))}
	for i, t := range texts {
		w.quoted[i] = t
		if strings.ContainsAny(t, "\",\n") {
			w.quoted[i] = `"` + strings.ReplaceAll(t, `"`, `""`) + `"`
		}
	}
	return w
}

// companies are every first part with every second part.
func companies() words {
	first := strings.Split("Northwind Halden Bluewater Stadler Okafor Lindqvist Perez Moreau Tanaka Kessler Novak Aldridge Ferro Castell Brandt Iyer", " ")
	second := strings.Split("Steel Ltd|Logistics GmbH|Foods SA|Print|& Sons, Inc.|Paper Mills AB|Textiles|Marine Supply|Energy BV|Tools KK|Chemicals AG|Dairy Coop|Glass Works|Components|Medical plc|Freight Lines", "|")
	var all []string
	for _, f := range first {
		for _, s := range second {
			all = append(all, f+" "+s)
		}
	}
	return newWords(all...)
}

// vocabulary is what the rows' texts are chosen from.
type vocabulary struct {
	companies, currencies, statuses, notes, methods words
}

func newVocabulary() *vocabulary {
	return &vocabulary{
		companies:  companies(),
		currencies: newWords("EUR", "EUR", "USD", "USD", "GBP", "CHF", "SEK", "JPY"),
		statuses:   newWords("open", "sent", "paid", "overdue", "partial", "disputed"),
		notes: newWords("net 30 days", "net 14 days", "second reminder sent", "freight included", "partial delivery", "see contract",
			"goods received in full", "price as agreed", "return of pallets pending", "discount of 2 % if paid early", "", "",
			"call before delivery, gate 4", `marked "urgent" by buyer`, "consignment stock", "credit note follows"),
		methods: newWords("transfer", "transfer", "transfer", "card", "debit", "cheque"),
	}
}
