package blob

// LocalError lets a test hand in an error that only a full disk makes.
var LocalError = localError
