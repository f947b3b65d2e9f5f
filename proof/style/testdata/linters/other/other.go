package other // want godoclint

// Name is imported.
const Name = "other"
