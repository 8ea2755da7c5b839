package segment

// nameIndex finds members that the conversion knows by their names: by the
// length of a name, and by a part of the one byte in which all known names of
// that length differ. That leaves one to compare, and is faster than a map.
type nameIndex [maxNameLength + 1]struct {
	// place is where that byte is.
	place uint8
	// found holds what may be meant by each value of it, 0 for nothing.
	found [byteParts]uint8
}

const (
	maxNameLength = 31
	byteParts     = 32
)

// newNameIndex indexes the names by their places in the list. An empty name
// is none.
func newNameIndex(names []string) *nameIndex {
	var index nameIndex
	for n, name := range names {
		if name == "" {
			continue
		}
		entry := &index[len(name)]
		entry.place = tellingPlace(len(name), names)
		entry.found[name[entry.place]%byteParts] = uint8(n)
	}
	return &index
}

// tellingPlace returns a place where all names of that length differ.
func tellingPlace(length int, names []string) uint8 {
	for place := range length {
		seen, differ := [byteParts]bool{}, true
		for _, name := range names {
			if len(name) == length {
				part := name[place] % byteParts
				differ = differ && !seen[part]
				seen[part] = true
			}
		}
		if differ {
			return uint8(place)
		}
	}
	panic("the names of one length have no place where all of them differ")
}

// candidate returns the place in the list of the only name that this one may
// be, or 0.
func (x *nameIndex) candidate(name []byte) uint8 {
	if uint(len(name)-1) >= maxNameLength {
		return 0
	}
	entry := &x[len(name)]
	return entry.found[name[entry.place]%byteParts]
}
