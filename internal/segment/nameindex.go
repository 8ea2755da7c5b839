package segment

// nameIndex finds members that the conversion knows by their names: by the
// length of a name, and by the one byte in which all known names of that
// length differ. That leaves one to compare, and is faster than a map.
type nameIndex struct {
	byLength [maxNameLength + 1]struct {
		// place is where that byte is.
		place uint8
		// found holds what may be meant by each value of it, 0 for nothing.
		found [256]uint8
	}
}

const maxNameLength = 31

// newNameIndex indexes the names by their places in the list. An empty name
// is none.
func newNameIndex(names []string) *nameIndex {
	var index nameIndex
	for n, name := range names {
		if name != "" {
			index.add(uint8(n), name, names)
		}
	}
	return &index
}

func (x *nameIndex) add(n uint8, name string, all []string) {
	entry := &x.byLength[len(name)]
	entry.place = tellingPlace(len(name), all)
	entry.found[name[entry.place]] = n
}

// tellingPlace returns a place where all names of that length differ.
func tellingPlace(length int, names []string) uint8 {
	for place := range length {
		seen := map[byte]bool{}
		differ := true
		for _, name := range names {
			if len(name) != length {
				continue
			}
			differ = differ && !seen[name[place]]
			seen[name[place]] = true
		}
		if differ {
			return uint8(place)
		}
	}
	panic("names of one length differ in no single place")
}

// candidate returns the place in the list of the only name that this one may
// be, or 0.
func (x *nameIndex) candidate(name []byte) uint8 {
	if uint(len(name)-1) >= maxNameLength {
		return 0
	}
	entry := &x.byLength[len(name)]
	return entry.found[name[entry.place]]
}
