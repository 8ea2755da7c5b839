package tracking

import (
	"slices"

	"benthos-segment/internal/segment"
)

// lanes parts calls into lists that may be sent side by side: the calls of
// one person are in one lane, in their order. A person is everybody linked by
// a user id, an anonymous id or a previous id, so that order holds across
// login and alias.
//
// What fits into one request is one lane. Otherwise lanes are meant for whole
// requests, so that a batch takes hardly more of them than it would without
// lanes; there may be a few more lanes than parallel, which bounds what is
// sent at a time and not what stands in line.
func (l limits) lanes(calls []segment.Call, indexes []int, parallel int, people *people) [][]int {
	total := loadOf(calls, indexes)
	if parallel == 1 || total.fits(l) {
		return [][]int{indexes}
	}
	each := ceil(l.requests(total), parallel)
	people.find(calls, indexes)

	var lanes []load
	for person, load := range people.loads {
		if load.calls > 0 {
			lanes, people.lanes[person] = l.place(lanes, load, each)
		}
	}
	return people.listed(lanes, indexes)
}

// place puts a person into the first lane with room for them.
func (l limits) place(lanes []load, person load, requests int) ([]load, int32) {
	for i := range lanes {
		if together := lanes[i].plus(person); together.fits(l.times(requests, together.largest)) {
			lanes[i] = together
			return lanes, int32(i)
		}
	}
	return append(lanes, person), int32(len(lanes))
}

// times returns what surely fits into some requests. Each but the last may end
// up to one call short of its limit, so that a lane that is filled to the sum
// of the limits spills into a tiny request more.
func (l limits) times(requests, largest int) limits {
	return limits{
		bytes: requests*l.bytes - (requests-1)*largest,
		calls: requests * l.calls,
	}
}

// people says which calls belong to the same person. It is a union-find over
// the places of the calls in a list, where the first call of a person stands
// for them. It is reused with its memory.
type people struct {
	parent []int32
	// loads holds the load of each person at the place of their first call,
	// lanes the lane that they are in.
	loads []load
	lanes []int32
	// seen holds for each id the first call that has it.
	seen map[segment.ID]int32
}

func newPeople() *people { return &people{seen: make(map[segment.ID]int32)} }

func (p *people) find(calls []segment.Call, indexes []int) {
	p.reset(len(indexes))
	for n, i := range indexes {
		p.parent[n] = int32(n)
		for _, id := range [...]segment.ID{calls[i].UserID, calls[i].AnonymousID, calls[i].PreviousID} {
			if id == 0 {
				continue
			}
			if first, exists := p.seen[id]; exists {
				p.join(int32(n), first)
			} else {
				p.seen[id] = int32(n)
			}
		}
	}
	for n, i := range indexes {
		person := p.of(n)
		p.loads[person] = p.loads[person].with(&calls[i])
	}
}

// isUsual says whether it is worth keeping: what one giant batch needed would
// have to be cleared for each that comes.
func (p *people) isUsual() bool { return cap(p.parent) <= 20_000 }

func (p *people) reset(count int) {
	clear(p.seen)
	p.parent = slices.Grow(p.parent[:0], count)[:count]
	p.lanes = slices.Grow(p.lanes[:0], count)[:count]
	p.loads = slices.Grow(p.loads[:0], count)[:count]
	clear(p.loads)
}

// listed lists the calls of each lane, in their order.
func (p *people) listed(lanes []load, indexes []int) [][]int {
	lists, all := make([][]int, len(lanes)), make([]int, len(indexes))
	for i, lane := range lanes {
		lists[i], all = all[:0:lane.calls], all[lane.calls:]
	}
	for n, i := range indexes {
		at := p.lanes[p.of(n)]
		lists[at] = append(lists[at], i)
	}
	return lists
}

// of returns the person of the nth call.
func (p *people) of(n int) int {
	at := int32(n)
	for p.parent[at] != at {
		p.parent[at] = p.parent[p.parent[at]]
		at = p.parent[at]
	}
	return int(at)
}

func (p *people) join(a, b int32) {
	first, second := int32(p.of(int(a))), int32(p.of(int(b)))
	if first > second {
		first, second = second, first
	}
	p.parent[second] = first
}
