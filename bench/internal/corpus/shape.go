package corpus

import "fmt"

// web is an event of the JavaScript SDK of RudderStack.
func (m *maker) web(to []byte, index int, kind string) []byte {
	who := m.person()
	page := m.page()
	ids, isKnown := m.ids(who, kind)
	// Who has logged in is described in every event from then on.
	traits := "{}"
	if isKnown {
		traits = who.traits()
	}
	campaign := ""
	if m.random.IntN(3) == 0 {
		campaign = fmt.Sprintf(`"campaign":{"source":%q,"medium":"email","name":"spring"},`, pick(m, sources))
	}
	width := 1200 + 8*m.random.IntN(100)
	return fmt.Appendf(to, `{"type":%q,"channel":"web",%s"context":{"traits":%s,"sessionId":%d,`+
		`"app":{"name":"RudderLabs JavaScript SDK","namespace":"com.rudderlabs.javascript","version":"3.34.1","installType":"npm"},`+
		`"library":{"name":"RudderLabs JavaScript SDK","version":"3.34.1","variant":"bundled"},`+
		`"userAgent":%q,"os":{"name":"","version":""},"locale":%q,`+
		`"screen":{"width":%d,"height":%d,"density":%d,"innerWidth":%d,"innerHeight":%d},%s"page":%s,"timezone":%q},`+
		`%s,"integrations":{"All":true},%s`,
		kind, m.body(kind, who, page), traits, 1_795_450_000_000+int64(m.random.IntN(100_000_000)),
		pick(m, agents), pick(m, locales), width, width*9/16, 1+m.random.IntN(3), width, width*9/16-120,
		campaign, page, pick(m, zones), ids, m.tail(index, who))
}

func (m *maker) page() string {
	path := fmt.Sprintf("/%s/%d", pick(m, sections), m.random.IntN(5000))
	search := ""
	if m.random.IntN(4) == 0 {
		search = "?utm_source=" + pick(m, sources) + "&utm_medium=email&utm_campaign=spring"
	}
	return fmt.Sprintf(`{"path":%[1]q,"referrer":"https://www.example.org/%[2]s","referring_domain":"www.example.org","search":%[3]q,`+
		`"title":%[4]q,"url":"https://shop.example.com%[1]s%[3]s","tab_url":"https://shop.example.com%[1]s%[3]s",`+
		`"initial_referrer":"$direct","initial_referring_domain":""}`,
		path, pick(m, sections), search, pick(m, titles))
}

// mobile is an event of the Android and iOS SDKs, which put a screen's name
// into event and do not always know when they send.
func (m *maker) mobile(to []byte, index int, kind string) []byte {
	who := m.person()
	ids, _ := m.ids(who, kind)
	if kind == "page" {
		kind = "screen"
	}
	traits := "{}"
	if kind == "identify" {
		traits = who.traits()
	}
	return fmt.Appendf(to, `{"type":%q,"channel":"mobile",%s"context":{"app":{"build":"%d","name":"Example Shop","namespace":"com.example.shop","version":"4.%[3]d.1"},`+
		`"device":{"id":"%016x","manufacturer":%q,"model":%q,"name":"phone","type":%q,"adTrackingEnabled":true},`+
		`"library":{"name":"com.rudderstack.android.sdk.core","version":"1.27.0"},"locale":%q,`+
		`"network":{"bluetooth":false,"carrier":"Example Mobile","cellular":true,"wifi":%t},"os":{"name":%q,"version":"%d"},`+
		`"screen":{"density":%d,"height":2260,"width":1080},"sessionId":%d,"timezone":%q,"traits":%s,`+
		`"userAgent":"Dalvik/2.1.0 (Linux; U; Android 16; Pixel 9 Build/AP4A.250205.002)"},%s,"integrations":{"All":true},%s`,
		kind, m.body(kind, who, "{}"), m.random.IntN(900), m.random.Uint64(), pick(m, makers), pick(m, models), pick(m, systems),
		pick(m, locales), m.random.IntN(2) == 0, pick(m, systems), 12+m.random.IntN(8),
		320+m.random.IntN(300), 1_795_450_000_000+int64(m.random.IntN(100_000_000)), pick(m, zones), traits, ids, m.tail(index, who))
}

// server is an event of the Node and Go SDKs.
func (m *maker) server(to []byte, index int, kind string) []byte {
	who := m.person()
	traits := ""
	if kind == "identify" {
		traits = `"traits":` + who.traits() + ","
	}
	return fmt.Appendf(to, `{"type":%q,%s%s"userId":%q,"context":{"library":{"name":"analytics-node","version":"3.0.13"}},"channel":"server",`+
		`"_metadata":{"nodeVersion":"20.20.2"},%s`, kind, traits, m.body(kind, who, m.page()), who.userID(), m.tail(index, who))
}

// sized is a track call of so many bytes: the shortest event there is, and
// products up to the size.
func (m *maker) sized(to []byte, index int) []byte {
	who, at := m.person(), moment(index).Format(format)
	start := len(to)
	to = fmt.Appendf(to, `{"type":"track","event":%q,"userId":%q,"messageId":%q,"originalTimestamp":%q,"timestamp":%q,"channel":"server","properties":{"products":[`,
		pick(m, events), who.userID(), m.messageID(index), at, at)
	for first := true; ; first = false {
		product := m.product()
		if len(to)-start+len(product)+len(`,]}}`) > m.shape.Bytes {
			return append(to, `]}}`...)
		}
		if !first {
			to = append(to, ',')
		}
		to = append(to, product...)
	}
}
