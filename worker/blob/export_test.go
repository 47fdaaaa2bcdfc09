package blob

// LocalError lets a test hand in an error that only a full disk makes.
var LocalError = localError

// PartSize lets a test add up the parts of an object that no test can write.
var PartSize = partSize

// MatchGlob lets a test match what no store holds.
var MatchGlob = matchGlob
