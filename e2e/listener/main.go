// Command listener takes callbacks for the suites in e2e/ and remembers them in
// their order. It runs as a container, so that the product reaches it wherever
// the tests run; they ask it over the same port.
//
//	POST   any path          a callback; answered 204, or as told
//	GET    /-/events?from=N  JSON of the callbacks from the Nth on; waits up to ten
//	                         seconds for one if there is none
//	PUT    /-/refuse?path=complete&status=503&times=3
//	                         answers that many callbacks to paths that end so with
//	                         the status; they are remembered as refused
//	GET    /-/health         204
//
// It must not know what callbacks mean.
package main

import (
	"encoding/json"
	"flag"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// event is one callback as it came.
type event struct {
	Path     string          `json:"path"`
	Delivery string          `json:"delivery,omitempty"`
	At       time.Time       `json:"at"`
	Status   int             `json:"status"`
	Body     json.RawMessage `json:"body"`
}

// refusal is how callbacks to some paths are answered, for a while.
type refusal struct {
	path   string
	status int
	times  int
}

// memory holds the events. Its channel is closed and replaced at each new one.
type memory struct {
	mu     sync.Mutex
	events []event
	refuse refusal
	news   chan struct{}
}

func main() {
	address := flag.String("address", ":3000", "address to listen on")
	flag.Parse()
	m := &memory{news: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", m.take)
	mux.HandleFunc("GET /-/events", m.list)
	mux.HandleFunc("PUT /-/refuse", m.setRefusal)
	mux.HandleFunc("GET /-/health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	server := &http.Server{Addr: *address, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}

func (m *memory) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !json.Valid(body) {
		body, _ = json.Marshal(string(body))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	status := http.StatusNoContent
	if m.refuse.times > 0 && strings.HasSuffix(r.URL.Path, m.refuse.path) {
		m.refuse.times--
		status = m.refuse.status
	}
	m.events = append(m.events, event{Path: r.URL.Path, Delivery: r.Header.Get("Kallad-Delivery"), At: time.Now(), Status: status, Body: body})
	log.Printf("%d %s %s", status, r.URL.Path, body)
	close(m.news)
	m.news = make(chan struct{})
	w.WriteHeader(status)
}

func (m *memory) list(w http.ResponseWriter, r *http.Request) {
	from, _ := strconv.Atoi(r.URL.Query().Get("from"))
	patience := time.After(10 * time.Second)
	for {
		m.mu.Lock()
		events, news := m.events[min(max(from, 0), len(m.events)):], m.news
		m.mu.Unlock()
		if len(events) > 0 {
			answer(w, events)
			return
		}
		select {
		case <-news:
		case <-patience:
			answer(w, []event{})
			return
		case <-r.Context().Done():
			return
		}
	}
}

func answer(w http.ResponseWriter, events []event) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(events); err != nil {
		log.Print(err)
	}
}

func (m *memory) setRefusal(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	status, err1 := strconv.Atoi(q.Get("status"))
	times, err2 := strconv.Atoi(q.Get("times"))
	if err1 != nil || err2 != nil || status < 100 || status > 599 {
		http.Error(w, "want status and times", http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refuse = refusal{path: q.Get("path"), status: status, times: times}
	w.WriteHeader(http.StatusNoContent)
}
