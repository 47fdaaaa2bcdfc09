package plan

// What a query is made of, with its names resolved. It points into the tree
// that it was made from, and every part that yields rows has an id by which its
// columns are known.

// ref is a column of an item or of a relation's result.
type ref struct{ id, col int }

// column is a column of an item or of a result.
type column struct {
	name string
	kind sqlType
}

type itemKind int

const (
	// leafItem is a mention of a table.
	leafItem itemKind = iota
	// derivedItem is a subquery.
	derivedItem
	// joinItem joins two items.
	joinItem
	// constItem is made of constants: VALUES, a series, or nothing at all.
	constItem
)

// item is a part of a FROM clause.
type item struct {
	id   int
	kind itemKind
	tree node
	// name is what its columns may be qualified with.
	name    string
	columns []column
	// table is a leaf's.
	table string
	// query is a derived item's.
	query *relation
	// The rest is a join's.
	join        string
	left, right *item
	on          []*conjunct
	onSubs      []*sub
	using       []string
}

// relation is a query node: a SELECT or a set operation.
type relation struct {
	id      int
	tree    node
	columns []column
	// block is set for a SELECT, the others for a set operation.
	block       *block
	setop       string
	all         bool
	left, right *relation
	// limited says that it has a LIMIT, ordered that it has an ORDER BY.
	limited, ordered bool
}

// block is one SELECT.
type block struct {
	tree node
	view *view
	from *item
	// where holds for every row that the FROM clause yields and the rest of
	// the block sees.
	where []*conjunct
	// whereSubs are the subqueries in WHERE, subs those further on.
	whereSubs []*sub
	subs      []*sub
	// outputs are the expressions of the columns, nil where one is no key.
	outputs []*key
	// names are those of the columns, none if it can't be bound without the
	// queries around it.
	names []string
	// grouped says that rows are aggregated, group by what, nil being an
	// expression that is no key. sets is how many grouping sets there are.
	grouped bool
	group   []*key
	sets    int
	// windows are the PARTITION BYs.
	windows  [][]*key
	distinct bool
	// distinctOn is set by DISTINCT ON, nil otherwise.
	distinctOn []*key
	// phases is set if the groups can be computed in two phases.
	phases *phases
	// loose says what in the block may come out differently each time though
	// it sees the same rows, "" being nothing.
	loose string
}

// conjunct is a condition that must be true, besides others.
type conjunct struct {
	tree node
	// left and right are set when it says that two keys are equal; nullSafe
	// when nulls are equal to each other too.
	left, right *key
	nullSafe    bool
	// filled are keys that it implies to be not null.
	filled []*key
}

// sub is a subquery in an expression.
type sub struct {
	tree  node
	query *relation
	// kind is EXISTS, NOT_EXISTS, SCALAR or ANY.
	kind string
	// child is what ANY compares with, nil when it is no key; equal says that
	// it compares by equality.
	child *key
	equal bool
	// asked says how its answer is used.
	asked asked
	// alone says that it names nothing of the queries around it.
	alone bool
}

// asked says how the answer of a condition is used.
type asked int

const (
	// asValue: true, false and null may all make a difference.
	asValue asked = iota
	// asTruth: it makes no difference whether the answer is false or null.
	asTruth
	// asDenial: the same for the answer's negation.
	asDenial
)

// view is what names can mean at one place.
type view struct {
	from   *item
	parent *view
}
