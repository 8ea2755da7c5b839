package jsonscan

// NameIndex finds names in a fixed list. It looks at the length of a name and
// at a part of the one byte in which all names of that length differ. That
// leaves one candidate to compare, and is faster than a map.
type NameIndex [maxNameLength + 1]struct {
	// offset is where that byte is in the name.
	offset uint8
	// candidates holds the index of the candidate for each value of the byte's
	// part, 0 for none.
	candidates [byteParts]uint8
}

const (
	maxNameLength = 31
	byteParts     = 32
)

// NewNameIndex indexes the names of a list. Empty names are left out, and so
// the first one should be: 0 stands for no name.
func NewNameIndex(names []string) *NameIndex {
	var index NameIndex
	for n, name := range names {
		if name == "" {
			continue
		}
		entry := &index[len(name)]
		entry.offset = distinctOffset(len(name), names)
		entry.candidates[name[entry.offset]%byteParts] = uint8(n)
	}
	return &index
}

// distinctOffset returns an offset at which all names of that length differ.
func distinctOffset(length int, names []string) uint8 {
	for offset := range length {
		seen, differ := [byteParts]bool{}, true
		for _, name := range names {
			if len(name) == length {
				part := name[offset] % byteParts
				differ = differ && !seen[part]
				seen[part] = true
			}
		}
		if differ {
			return uint8(offset)
		}
	}
	panic("the names of one length have no byte in which all of them differ")
}

// Candidate returns the index of the only name in the list that this one may
// be, or 0.
func (x *NameIndex) Candidate(name []byte) uint8 {
	if uint(len(name)-1) >= maxNameLength {
		return 0
	}
	entry := &x[len(name)]
	return entry.candidates[name[entry.offset]%byteParts]
}
