package browsertest

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Page is a tab of a browser of its own.
type Page struct {
	t       testing.TB
	browser *browser
	session string

	mu     sync.Mutex
	faults []string
	loads  []string
}

// Open opens an address in a new browser.
func Open(t testing.TB, address string) *Page {
	t.Helper()
	p := &Page{t: t}
	p.browser = start(t, p.take)
	var target struct{ TargetID string }
	p.must(p.browser.call("", "Target.createTarget", map[string]any{"url": "about:blank"}, &target))
	var attached struct{ SessionID string }
	p.must(p.browser.call("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached))
	p.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		p.do(domain+".enable", nil, nil)
	}
	p.Size(1280, 900)
	p.Go(address)
	return p
}

// take notes what the page complains about and what it loads.
func (p *Page) take(m message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch m.Method {
	case "Runtime.exceptionThrown", "Log.entryAdded":
		p.faults = append(p.faults, string(m.Params))
	case "Runtime.consoleAPICalled":
		if strings.Contains(string(m.Params), `"type":"error"`) {
			p.faults = append(p.faults, string(m.Params))
		}
	case "Network.requestWillBeSent":
		var sent struct{ Request struct{ URL string } }
		if json.Unmarshal(m.Params, &sent) == nil {
			p.loads = append(p.loads, sent.Request.URL)
		}
	}
}

// Faults returns what the browser's console complained about so far.
func (p *Page) Faults() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.faults)
}

// Loads returns every address that was asked for so far.
func (p *Page) Loads() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.loads)
}

func (p *Page) must(err error) {
	p.t.Helper()
	require.NoError(p.t, err)
}

func (p *Page) do(method string, params, result any) {
	p.t.Helper()
	if params == nil {
		params = struct{}{}
	}
	p.must(p.browser.call(p.session, method, params, result))
}

// Go loads an address.
func (p *Page) Go(address string) {
	p.t.Helper()
	p.do("Page.navigate", map[string]any{"url": address}, nil)
}

// Size makes the page as large as a window of that many points.
func (p *Page) Size(width, height int) {
	p.t.Helper()
	p.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
}

// Prefer sets a media feature, such as prefers-color-scheme to dark.
func (p *Page) Prefer(feature, value string) {
	p.t.Helper()
	p.do("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": feature, "value": value}}}, nil)
}

// Eval runs an expression and returns its value, an awaited one if it is a
// promise.
func (p *Page) Eval(expression string) any {
	p.t.Helper()
	value, err := p.eval(expression)
	p.must(err)
	return value
}

func (p *Page) eval(expression string) (any, error) {
	var out struct {
		Result           struct{ Value any }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	err := p.browser.call(p.session, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &out)
	if err == nil && out.ExceptionDetails != nil {
		err = fmt.Errorf("%s: %s %s", expression, out.ExceptionDetails.Text, out.ExceptionDetails.Exception.Description)
	}
	return out.Result.Value, err
}

// Await waits until an expression is true.
func (p *Page) Await(expression string) {
	p.t.Helper()
	deadline := time.Now().Add(Patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		value, err := p.eval(expression)
		if value == true {
			return
		}
		if time.Now().After(deadline) {
			require.Failf(p.t, "never came true", "%s (%v)\n%s", expression, err, p.Text("body"))
		}
		<-tick.C
	}
}

// AwaitText waits until the page shows a text.
func (p *Page) AwaitText(text string) {
	p.t.Helper()
	p.Await(fmt.Sprintf("document.body !== null && document.body.innerText.includes(%s)", quote(text)))
}

// Text returns what the first element that a selector names shows.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	text, _ := p.Eval(fmt.Sprintf("document.querySelector(%s)?.innerText ?? ''", quote(selector))).(string)
	return text
}

// Texts returns what all elements that a selector names show.
func (p *Page) Texts(selector string) []string {
	p.t.Helper()
	list, _ := p.Eval(fmt.Sprintf("[...document.querySelectorAll(%s)].map((e) => e.innerText)", quote(selector))).([]any)
	out := make([]string, len(list))
	for i, v := range list {
		out[i], _ = v.(string)
	}
	return out
}

// Key presses and releases a key by its name: Tab, Enter, Escape, ArrowRight,
// Space, or "Shift+Tab".
func (p *Page) Key(name string) {
	p.t.Helper()
	modifiers := 0
	name, shifted := strings.CutPrefix(name, "Shift+")
	if shifted {
		modifiers = 8
	}
	codes := map[string]int{"Tab": 9, "Enter": 13, "Escape": 27, "Space": 32, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}
	key, text := name, ""
	switch name {
	case "Enter":
		text = "\r"
	case "Space":
		key, text = " ", " "
	}
	for _, kind := range []string{"keyDown", "keyUp"} {
		p.do("Input.dispatchKeyEvent", map[string]any{
			"type": kind, "key": key, "code": name, "text": text, "modifiers": modifiers, "windowsVirtualKeyCode": codes[name],
		}, nil)
		text = ""
	}
}

// Type types a text into what has the focus.
func (p *Page) Type(text string) {
	p.t.Helper()
	p.do("Input.insertText", map[string]any{"text": text}, nil)
}

// Picture writes the whole page into a PNG file.
func (p *Page) Picture(path string) {
	p.t.Helper()
	var shot struct{ Data []byte }
	p.do("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &shot)
	p.must(os.WriteFile(path, shot.Data, 0o644))
}

func quote(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(raw)
}
