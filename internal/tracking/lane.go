package tracking

import (
	"hash/maphash"

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
func (l limits) lanes(calls []segment.Call, indexes []int, parallel int) [][]int {
	total := loadOf(calls, indexes)
	if parallel == 1 || total.fits(l) {
		return [][]int{indexes}
	}
	each := ceil(l.requests(total), parallel)
	people := findPeople(calls, indexes)

	var lanes []lane
	laneOf := make([]int, len(people.loads))
	for person, load := range people.loads {
		if load.calls > 0 {
			lanes, laneOf[person] = l.place(lanes, load, each)
		}
	}
	for n, i := range indexes {
		at := &lanes[laneOf[people.of(n)]]
		at.calls = append(at.calls, i)
	}
	lists := make([][]int, len(lanes))
	for i := range lanes {
		lists[i] = lanes[i].calls
	}
	return lists
}

type lane struct {
	load  load
	calls []int
}

// place puts a person into the first lane with room for them.
func (l limits) place(lanes []lane, person load, requests int) ([]lane, int) {
	for i := range lanes {
		if together := lanes[i].load.plus(person); together.fits(l.lane(requests, together.largest)) {
			lanes[i].load = together
			return lanes, i
		}
	}
	return append(lanes, lane{load: person}), len(lanes)
}

// lane returns what surely fits into some requests. Each but the last may end
// up to one call short of its limit, so that a lane that is filled to the sum
// of the limits spills into a tiny request more.
func (l limits) lane(requests, largest int) limits {
	return limits{
		bytes: requests*l.bytes - (requests-1)*largest,
		calls: requests * l.calls,
	}
}

// people says which calls belong to the same person. It is a union-find over
// the places of the calls in a list, where the first call of a person stands
// for them.
type people struct {
	parent []int32
	// loads holds the load of each person at the place of their first call.
	loads []load
}

var idSeed = maphash.MakeSeed()

func findPeople(calls []segment.Call, indexes []int) people {
	p := people{parent: make([]int32, len(indexes)), loads: make([]load, len(indexes))}
	// Two ids that hash alike only make one person of two, which costs nothing
	// but a little freedom.
	seen := make(map[uint64]int32, len(indexes))
	for n, i := range indexes {
		p.parent[n] = int32(n)
		for _, id := range [...][]byte{calls[i].UserID, calls[i].AnonymousID, calls[i].PreviousID} {
			if len(id) == 0 {
				continue
			}
			hash := maphash.Bytes(idSeed, id)
			if first, exists := seen[hash]; exists {
				p.join(int32(n), first)
			} else {
				seen[hash] = int32(n)
			}
		}
	}
	for n, i := range indexes {
		person := p.of(n)
		p.loads[person] = p.loads[person].with(&calls[i])
	}
	return p
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
