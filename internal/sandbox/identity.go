package sandbox

// identities joins ids that one person has. An id is known by its value alone:
// an alias does not say whether its previousId was a userId or an anonymousId.
type identities struct{ parent map[string]string }

func newIdentities(calls []Call) *identities {
	ids := &identities{parent: map[string]string{}}
	for i := range calls {
		var first string
		for _, id := range idsOfPerson(&calls[i]) {
			if first == "" {
				first = id
			}
			ids.join(first, id)
		}
	}
	return ids
}

// idsOfPerson returns the ids that say whose call it is.
func idsOfPerson(c *Call) []string {
	ids := make([]string, 0, 3)
	for _, id := range [...]string{c.UserID, c.AnonymousID, c.PreviousID} {
		if id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

func (ids *identities) join(a, b string) {
	if a, b := ids.root(a), ids.root(b); a != b {
		ids.parent[b] = a
	}
}

// root returns the id that stands for the person, and shortens the way to it.
func (ids *identities) root(id string) string {
	root := id
	for {
		above, known := ids.parent[root]
		if !known {
			break
		}
		root = above
	}
	for id != root {
		id, ids.parent[id] = ids.parent[id], root
	}
	return root
}

// personOf returns the id that stands for whose call it is, "" for nobody.
func (ids *identities) personOf(c *Call) string {
	for _, id := range idsOfPerson(c) {
		return ids.root(id)
	}
	return ""
}
