package gateway

import (
	"net/http"
	"strings"
	"time"

	"benthos-segment/internal/ingest"
)

// unknownRoute stands for every path that is none, so that metrics stay few.
const unknownRoute = "unknown"

// ServeHTTP answers one request. It routes by hand: http.ServeMux redirects where
// a path is unclean, and redirects lose events.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	seen := &statusWriter{ResponseWriter: w}
	route, events := g.serve(seen, r)
	g.conf.Observer.Answered(Answer{
		Route: route.Path, Status: seen.status, Code: seen.code, Events: events, Took: time.Since(start),
		IsRefused: seen.status >= http.StatusBadRequest && bringsEvents(route) && !g.queue.stopped(),
	})
}

// bringsEvents reports whether events are lost or late where a route refuses: those
// of the request, or all of an SDK that does not start without its settings.
func bringsEvents(route ingest.Route) bool {
	switch route.Kind {
	case ingest.Event, ingest.Batch, ingest.Pixel, ingest.Settings, ingest.SourceConfig:
		return true
	default:
		return false
	}
}

// serve returns the route, and how many events the request had.
func (g *Gateway) serve(w *statusWriter, r *http.Request) (route ingest.Route, events int) {
	route, isKnown := g.routeOf(r.URL.Path)
	if !isKnown {
		route.Path = unknownRoute
	}
	mayTake := g.conf.CORS.Write(w.Header(), r)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return route, 0
	}
	switch {
	case !isKnown:
		write(w, r, refuse(http.StatusNotFound, codeNotFound, "no SDK calls this path: check the address that yours is set to, and path_prefix"))
	case !route.Allows(r.Method):
		w.Header().Set("Allow", strings.Join(route.Methods(), ", "))
		write(w, r, refuse(http.StatusMethodNotAllowed, codeMethod, "this path takes only "+strings.Join(route.Methods(), " and ")))
	case !mayTake:
		// Not 403, which some SDKs try again for ever.
		write(w, r, refuse(http.StatusBadRequest, codeOrigin, "this web page may not send events: its origin is not in cors.allowed_origins"))
	default:
		events = g.dispatch(w, r, route)
	}
	return route, events
}

func (g *Gateway) dispatch(w *statusWriter, r *http.Request, route ingest.Route) (events int) {
	switch route.Kind {
	case ingest.Event, ingest.Batch:
		taken, a := g.takeBody(r, route)
		write(w, r, a)
		return taken
	case ingest.Pixel:
		taken, a := g.takePixel(r, route)
		writePicture(w, r, a)
		return taken
	case ingest.Settings:
		g.serveSettings(w, r, route)
	case ingest.SourceConfig:
		g.serveSourceConfig(w, r)
	case ingest.Ready:
		g.serveReady(w, r)
	default:
		// Metrics are thrown away, and whoever asks for Health is answered by being
		// answered.
		write(w, r, nil)
	}
	return 0
}

// routeOf finds the route of a path, below the prefix. Probes come straight to the
// process, past the proxy that the prefix is for, so that they may leave it out.
func (g *Gateway) routeOf(path string) (route ingest.Route, isKnown bool) {
	path = ingest.Clean(path)
	below, isBelow := strings.CutPrefix(path, g.conf.PathPrefix)
	if isBelow {
		return ingest.RouteOf(below)
	}
	route, isKnown = ingest.RouteOf(path)
	if route.Kind != ingest.Health && route.Kind != ingest.Ready {
		return ingest.Route{}, false
	}
	return route, isKnown
}

// serveReady tells a load balancer whether to send requests here.
func (g *Gateway) serveReady(w *statusWriter, r *http.Request) {
	switch {
	case g.queue.stopped():
		write(w, r, g.answerTo(stopping))
	case !g.isRead.Load():
		write(w, r, &answer{status: http.StatusServiceUnavailable, code: codeNotAccepted, retryAfter: 1, message: "the pipeline is starting"})
	case g.overload.isNow(time.Now()):
		write(w, r, &answer{
			status: http.StatusServiceUnavailable, code: codeOverload, retryAfter: retryOverload,
			message: "too many events are waiting",
		})
	default:
		write(w, r, nil)
	}
}

// statusWriter notes the status of an answer, and the code of an error.
type statusWriter struct {
	http.ResponseWriter
	status int
	code   string
}

func (s *statusWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }
