package plan

// Secret is a text that never prints itself, in no format and no encoding.
type Secret string

// Reveal returns the text.
func (s Secret) Reveal() string { return string(s) }

// String hides the text.
func (s Secret) String() string { return "***" }

// GoString hides the text.
func (s Secret) GoString() string { return `plan.Secret("***")` }

// MarshalText hides the text: whoever sends it on says so by Reveal.
func (s Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }
