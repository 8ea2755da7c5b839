package inbox

// people joins the ids that belong to one person. An id is known by its value
// alone: an alias does not say whether its previousId was a userId or an
// anonymousId.
type people struct{ parent map[string]string }

func joinPeople(calls []*Call) *people {
	p := &people{parent: map[string]string{}}
	for _, call := range calls {
		var first string
		for _, id := range idsOf(call) {
			if first == "" {
				first = id
			}
			p.join(first, id)
		}
	}
	return p
}

// idsOf returns the ids that say whose call it is.
func idsOf(c *Call) []string {
	ids := make([]string, 0, 3)
	for _, id := range [...]string{c.UserID, c.AnonymousID, c.PreviousID} {
		if id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

func (p *people) join(a, b string) {
	if a, b := p.root(a), p.root(b); a != b {
		p.parent[b] = a
	}
}

// root returns the id that stands for the person, and shortens the way to it.
func (p *people) root(id string) string {
	root := id
	for {
		above, known := p.parent[root]
		if !known {
			break
		}
		root = above
	}
	for id != root {
		id, p.parent[id] = p.parent[id], root
	}
	return root
}

// of returns the id that stands for the person of a call, "" for nobody.
func (p *people) of(c *Call) string {
	for _, id := range idsOf(c) {
		return p.root(id)
	}
	return ""
}
