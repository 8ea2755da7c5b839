package corpus

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// person is somebody who does things. Whatever is known of her follows from her
// number, so that all her events agree.
type person struct{ number int }

func (p person) random() *rand.Rand { return rand.New(rand.NewPCG(7, uint64(p.number))) }

func (p person) userID() string { return fmt.Sprintf("cus_%07d", p.number) }

func (p person) anonymousID() string {
	random := p.random()
	return fmt.Sprintf("%08x-%04x-4%03x-9%03x-%012x", random.Uint32(), random.IntN(1<<16),
		random.IntN(1<<12), random.IntN(1<<12), random.Int64N(1<<48))
}

// rudderID is what RudderStack makes of both ids.
func (p person) rudderID() string {
	random := rand.New(rand.NewPCG(8, uint64(p.number)))
	return fmt.Sprintf("%08x-%04x-5%03x-8%03x-%012x", random.Uint32(), random.IntN(1<<16),
		random.IntN(1<<12), random.IntN(1<<12), random.Int64N(1<<48))
}

func (p person) traits() string {
	random := p.random()
	name := names[random.IntN(len(names))]
	return fmt.Sprintf(`{"name":%q,"email":"person.%d@example.com","age":%d,"plan":%q,"logins":%d,`+
		`"balance":%d.%02d,"createdAt":"2024-03-%02dT08:15:30.250Z","address":{"city":%q,"country":%q},"newsletter":%t}`,
		name, p.number, 18+random.IntN(60), plans[random.IntN(len(plans))], random.IntN(5000),
		random.IntN(900), random.IntN(100), 1+random.IntN(28),
		cities[random.IntN(len(cities))], countries[random.IntN(len(countries))], random.IntN(2) == 0)
}

// epoch is when the first event happened.
var epoch = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

const format = "2006-01-02T15:04:05.000Z"

func moment(index int) time.Time { return epoch.Add(time.Duration(index) * 137 * time.Millisecond) }

// ids names who it was, and whether by her userId. One event in three is of
// somebody who has not logged in.
func (m *maker) ids(who person, kind string) (ids string, isKnown bool) {
	if kind == "identify" || kind == "alias" || m.random.IntN(3) > 0 {
		return fmt.Sprintf(`"userId":%q,"anonymousId":%q`, who.userID(), who.anonymousID()), true
	}
	return fmt.Sprintf(`"userId":"","anonymousId":%q`, who.anonymousID()), false
}

// body is what is special to the type, with a comma behind.
func (m *maker) body(kind string, who person, page string) string {
	switch kind {
	case "track":
		return fmt.Sprintf(`"event":%q,"properties":%s,`, pick(m, events), m.properties())
	case "page":
		return fmt.Sprintf(`"name":%q,"properties":%s,`, pick(m, titles), page)
	case "screen":
		return fmt.Sprintf(`"event":%q,"properties":{"name":%[1]q,"tab":%d,"variant":%q},`,
			pick(m, titles), m.random.IntN(6), pick(m, plans))
	case "group":
		return fmt.Sprintf(`"groupId":"org_%d","traits":{"name":"Exemple SARL %[1]d","industry":"retail","employees":%d,"revenue":%d.%02d},`,
			m.random.IntN(500), m.random.IntN(4000), m.random.IntN(1_000_000), m.random.IntN(100))
	case "alias":
		return fmt.Sprintf(`"previousId":%q,`, who.anonymousID())
	default:
		return ""
	}
}

// properties are those of a shop: text of many scripts, decimals, and integers
// that a float does not hold. One event in five hundred has a long list.
func (m *maker) properties() string {
	short := fmt.Sprintf(`{"order_id":%d,"product_id":"sku_%d","name":%q,"price":%s,"quantity":%d,"currency":%q,"coupon":null,"position":%d`,
		9_007_199_254_740_993+m.random.Int64N(1_000_000_000), m.random.IntN(20_000), pick(m, products), m.price(),
		1+m.random.IntN(9), pick(m, currencies), m.random.IntN(40))
	if m.random.IntN(500) > 0 {
		return short + "}"
	}
	list := ""
	for number := range 60 + m.random.IntN(30) {
		if number > 0 {
			list += ","
		}
		list += m.product()
	}
	return short + `,"products":[` + list + `]}`
}

func (m *maker) price() string { return fmt.Sprintf("%d.%02d", m.random.IntN(400), m.random.IntN(100)) }

func (m *maker) product() string {
	return fmt.Sprintf(`{"product_id":"sku_%d","name":%q,"price":%s,"quantity":%d,"brand":%q}`,
		m.random.IntN(20_000), pick(m, products), m.price(), 1+m.random.IntN(9), pick(m, cities))
}

// tail is the end of every event. Of three events two have come by way of
// RudderStack, which adds what it knows; the others are as the SDK sent them.
func (m *maker) tail(index int, who person) string {
	at := moment(index)
	tail := fmt.Sprintf(`"originalTimestamp":%q,"messageId":%q,"sentAt":%q`,
		at.Format(format), m.messageID(index), at.Add(412*time.Millisecond).Format(format))
	if m.random.IntN(3) == 0 {
		return tail + "}"
	}
	return tail + fmt.Sprintf(`,"receivedAt":%q,"request_ip":"203.0.113.%d","rudderId":%q,"timestamp":%q}`,
		at.Add(530*time.Millisecond).Format(format), m.random.IntN(256), who.rudderID(), at.Add(118*time.Millisecond).Format(format))
}
