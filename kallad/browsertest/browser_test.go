package browsertest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/kallad/browsertest"
)

func TestAPageIsSeenAndItsFaultsAreTold(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<input id=i><p id=p>hello</p><script>setTimeout(() => { p.innerText = "good bye"; console.error("odd") })</script><img src=/none>`))
	}))
	t.Cleanup(server.Close)
	page := browsertest.Open(t, server.URL+"/")
	page.AwaitText("good bye")
	page.Key("Tab")
	page.Type("typed")
	require.Equal(t, "typed", page.Eval(`document.querySelector("#i").value`))
	require.Equal(t, []string{"good bye"}, page.Texts("p"))
	page.Await("document.images[0].complete")
	require.Contains(t, page.Loads(), server.URL+"/none")
	require.Eventually(t, func() bool { return len(page.Faults()) >= 2 }, browsertest.Patience, browsertest.Patience/1000, "the console and the 404: %v", page.Faults())
}
