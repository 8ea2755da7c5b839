package ordeal

import (
	"encoding/json"
	"fmt"
	"strings"
)

// An event is what is put into a broker and has to arrive at Segment.
type Event struct {
	Step
	Payload []byte
}

// A step is the place of an event in the life of a person.
type Step struct {
	Person int `json:"person"`
	Seq    int `json:"seq"`
}

// A crowd is people who visit, log in and change their ids.
type Crowd struct {
	people int
	// ids gives events message ids, as SDKs do. Without them, neither an id nor
	// a time tells two events apart: only the place that they are read from.
	ids bool
	// Padding makes events as large as those of real SDKs.
	Padding func(i int) string
	// name keeps the ids of one crowd apart from those of the next.
	name string

	lives []int
}

// NewCrowd makes people whose events have message ids, or not.
func NewCrowd(name string, people int, ids bool) *Crowd {
	short := strings.Repeat("lorem ipsum ", 20)
	return &Crowd{
		name: name, people: people, ids: ids, lives: make([]int, people),
		Padding: func(int) string { return short },
	}
}

// Events lets everyone do something in turn.
func (c *Crowd) Events(n int) []Event {
	events := make([]Event, n)
	for i := range events {
		person := i % c.people
		events[i] = c.event(Step{Person: person, Seq: c.lives[person]})
		c.lives[person]++
	}
	return events
}

// A life starts without a name. After the login at the tenth step, every
// twentieth step gives the person another user id.
const (
	loginAt    = 10
	aliasEvery = 20
)

func (c *Crowd) event(s Step) Event {
	var b strings.Builder
	fmt.Fprintf(&b, `{"channel":"server","context":{"step":{"person":%d,"seq":%d},"app":{"name":"torture"}},`, s.Person, s.Seq)
	if c.ids {
		fmt.Fprintf(&b, `"messageId":"%s-%d-%d",`, c.name, s.Person, s.Seq)
	}
	anonymous := fmt.Sprintf("%s-a%d", c.name, s.Person)
	user := func(nth int) string { return fmt.Sprintf("%s-u%d.%d", c.name, s.Person, nth) }
	nth := (s.Seq - loginAt) / aliasEvery
	switch {
	case s.Seq < loginAt:
		fmt.Fprintf(&b, `"type":"page","name":"Home","anonymousId":%q,"properties":{"url":"https://shop.example/%d","title":"Home"}}`, anonymous, s.Seq)
	case s.Seq == loginAt:
		fmt.Fprintf(&b, `"type":"identify","anonymousId":%q,"userId":%q,"traits":{"plan":"pro","visits":%d}}`, anonymous, user(0), s.Seq)
	case (s.Seq-loginAt)%aliasEvery == 0:
		fmt.Fprintf(&b, `"type":"alias","previousId":%q,"userId":%q}`, user(nth-1), user(nth))
	default:
		fmt.Fprintf(&b, `"type":"track","event":"Product Viewed","userId":%q,"properties":{"sku":"G-%d","price":19.90,"currency":"EUR","padding":%q}}`,
			user(nth), s.Seq, c.Padding(s.Seq))
	}
	return Event{Step: s, Payload: []byte(b.String())}
}

// StepOf reads back which step of whose life a call is.
func StepOf(call []byte) (s Step, err error) {
	var read struct {
		Context struct {
			Step *Step `json:"step"`
		} `json:"context"`
	}
	read.Context.Step = &s
	if err := json.Unmarshal(call, &read); err != nil {
		return s, fmt.Errorf("reading a call back: %w", err)
	}
	return s, nil
}
