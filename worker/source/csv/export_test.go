package csv

// Mark is where classify, or its plain form, finds the three characters.
func Mark(text []byte, delim, newline, quote byte, plain bool) [][3]uint64 {
	out := make([]marks, len(text)/blockSize)
	if plain {
		classifyWords(text, chars{delim, newline, quote}, out)
	} else {
		classify(text, chars{delim, newline, quote}, out)
	}
	var all [][3]uint64
	for _, m := range out {
		all = append(all, [3]uint64{m.delim, m.newline, m.quote})
	}
	return all
}
