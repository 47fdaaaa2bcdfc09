package cluster

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"
)

// call is a job's final callback.
type call struct {
	RunID string `json:"run_id"`
	Error string `json:"error"`
	at    time.Time
}

// listener takes callbacks.
type listener struct {
	server *http.Server
	url    string
	final  chan call
	served chan error
}

func listen() (*listener, error) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &listener{url: "http://" + socket.Addr().String(), final: make(chan call, 16), served: make(chan error, 1)}
	l.server = &http.Server{Handler: http.HandlerFunc(l.take), ReadHeaderTimeout: startTimeout}
	go func() { l.served <- l.server.Serve(socket) }()
	return l, nil
}

func (l *listener) take(w http.ResponseWriter, r *http.Request) {
	defer drop(r.Body)
	if strings.HasSuffix(r.URL.Path, "/progress") {
		return
	}
	c := call{at: time.Now()}
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	l.final <- c
}

func (l *listener) close() error {
	err := l.server.Close()
	if served := <-l.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
