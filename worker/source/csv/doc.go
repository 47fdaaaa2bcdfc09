// Package csv reads delimited text as Arrow batches: it finds out delimiter,
// names and types, splits files by byte ranges and decodes only the columns
// that are wanted, straight into column buffers.
//
// It must not know what the rows are for, nor where the bytes come from: they
// arrive through package blob.
//
// # Parameters
//
// A file's address may end in ?key=value&key=value:
//
//	types        amount:decimal(18,2),id:text; "a,b":text for odd names; *:text
//	             for all others. Types: text, integer, decimal(p,s), double,
//	             date, timestamp, timestamptz, boolean
//	delimiter    one character, or comma, semicolon, tab, pipe, space;
//	             otherwise found out among , ; tab |
//	header       true or false; true unless the first line may be data
//	null         the text that means null; may be given several times
//	encoding     utf-8, utf-16, utf-16le, utf-16be, iso-8859-1 (latin1),
//	             windows-1252 and others; a BOM tells without it
//	ragged       pad or error
//	quote        one character, or none
//	escape       one character; otherwise quotes are doubled
//	compression  none, gzip or zstd; otherwise found out
//	format       csv
//
// The address itself may be a file, a glob or a folder (ending in a slash)
// whose files all have the same header. A file whose name has a question mark
// is reached by one more at the end: /data/what?.csv?
//
// # What a record is
//
// The rules are those of RFC 4180, and where it is silent those of Postgres's
// COPY. A field that begins with the quote character is quoted: it ends at the
// next quote that is not doubled (or not escaped, where an escape character is
// given), and a delimiter, the end of the line or the end of the file must
// follow. Delimiters and line ends inside it are data. A quote anywhere else
// in a field is data (`5" pipe`). Blanks are data everywhere.
//
// A line ends with LF, or CR LF. In a file whose first line ends with a lone
// CR, every line ends with CR. The line end of the last line may be missing.
// A lone CR in a file of LF lines is data. An empty line is skipped, except in
// a file of one column, where it is a null.
//
// A record with another number of fields than the first line is an error;
// with ragged=pad, missing fields at a record's end are null, and only
// superfluous ones are an error.
//
// # What a value is
//
// A null text (the empty text unless given) means null when it is not quoted.
// A quoted empty text is an empty text in a text column and null in a column
// of any other type, because programs that quote everything write it so.
//
// Types are inferred from a sample and only where every text can be told from
// its value: see profile. A value further on that does not fit is an error
// that names the types parameter which mends it; nothing is ever rounded,
// trimmed or dropped.
//
// # Why split reads are exact
//
// Split chooses the starts s1 < s2 < ... of partitions, and a partition reads
// its own bytes [s(k), s(k+1)) and nothing else, from the state "at the start
// of a record". It fails unless a record ends exactly at s(k+1). The first
// partition starts at a true record start. If a partition starts at a true
// record start and succeeds, then the records that it saw are the true ones,
// and the next partition, too, starts at a true record start. So whatever
// Split chose: if all partitions succeed, together they saw each record once.
//
// That a well-formed file never fails this check is finder's part: it follows
// every state in which the text before a border may have left the reader, and
// settles only when all states which a well-formed file allows agree, or when
// the state is known because the text was followed from a true record start.
// A limit on the length of a record bounds how far it has to look.
package csv
