//! One page of a browser, and what a person does with it.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Long enough for a busy machine; no test waits this long to pass.
const PATIENCE: Duration = Duration::from_secs(60);

/// A conversation with the browser or with one page: each call has its answer, and events come in between.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    calls: u64,
    events: VecDeque<Value>,
}

impl Connection {
    pub(crate) async fn open(url: &str) -> Self {
        let (socket, _answer) = connect_async(url).await.unwrap();
        Self { socket, calls: 0, events: VecDeque::new() }
    }

    /// Calls a method, and returns its result.
    pub(crate) async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        let message = json!({ "id": id, "method": method, "params": parameters }).to_string();
        self.socket.send(Message::text(message)).await.unwrap();
        loop {
            let mut message = self.receive(method).await;
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].take();
            }
            self.events.push_back(message);
        }
    }

    /// Takes the next event of this name, and waits for it if need be. Events before it that nobody took stay.
    async fn event(&mut self, name: &str) -> Value {
        if let Some(place) = self.events.iter().position(|it| it["method"] == name) {
            return self.events.remove(place).unwrap();
        }
        loop {
            let message = self.receive(name).await;
            if message["method"] == name {
                return message;
            }
            self.events.push_back(message);
        }
    }

    async fn receive(&mut self, why: &str) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            let message = message.unwrap_or_else(|_elapsed| panic!("the browser says nothing to {why}"));
            let message = message.unwrap_or_else(|| panic!("the browser ended at {why}")).unwrap();
            if let Message::Text(text) = message {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }
}

/// A page of a [`Browser`](super::Browser).
#[derive(Debug)]
pub struct Page {
    connection: Connection,
}

impl Page {
    pub(crate) async fn new(mut connection: Connection) -> Self {
        for domain in ["Page", "Runtime", "Log", "Network"] {
            connection.call(&format!("{domain}.enable"), json!({})).await;
        }
        let mut page = Self { connection };
        page.set_size(1280, 800).await;
        page
    }

    /// Opens an address, and waits until it has loaded; the status that the server answered.
    ///
    /// # Panics
    ///
    /// If there is nobody at that address.
    pub async fn open(&mut self, url: &str) -> u64 {
        self.forget("Page.loadEventFired");
        self.forget("Network.responseReceived");
        let answer = self.connection.call("Page.navigate", json!({ "url": url })).await;
        assert!(answer["errorText"].is_null(), "{url}: {}", answer["errorText"]);
        self.loaded().await;
        let documents =
            self.connection.events.iter().filter(|it| {
                it["method"] == "Network.responseReceived" && it["params"]["type"] == "Document"
            });
        let status = documents.filter_map(|it| it["params"]["response"]["status"].as_u64()).next_back();
        status.unwrap_or_else(|| panic!("{url} was answered without a status"))
    }

    /// The address of what is shown, behind all redirects.
    pub async fn url(&mut self) -> String {
        self.evaluate("location.href").await.as_str().unwrap().to_owned()
    }

    /// What a script in the page would make of this expression, as JSON.
    ///
    /// The page's own policy does not keep it from running.
    ///
    /// # Panics
    ///
    /// If it throws.
    pub async fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.connection.call("Runtime.evaluate", parameters).await;
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }

    /// The text of what `selector` finds first, as a person sees it.
    ///
    /// # Panics
    ///
    /// If it finds nothing.
    pub async fn text(&mut self, selector: &str) -> String {
        let selected = json!(selector);
        let text = self.evaluate(&format!("document.querySelector({selected})?.innerText ?? null")).await;
        text.as_str().unwrap_or_else(|| panic!("there is no {selector} on the page")).to_owned()
    }

    /// How many elements `selector` finds that are shown.
    pub async fn visible(&mut self, selector: &str) -> u64 {
        let selected = json!(selector);
        let script =
            format!("[...document.querySelectorAll({selected})].filter(it => it.checkVisibility()).length");
        self.evaluate(&script).await.as_u64().unwrap()
    }

    /// Clicks, with the mouse, on the middle of what `selector` finds first, after scrolling to it.
    ///
    /// # Panics
    ///
    /// If it finds nothing.
    pub async fn click(&mut self, selector: &str) {
        let selected = json!(selector);
        let script = format!(
            "(() => {{ const it = document.querySelector({selected}); if (!it) return null;
               it.scrollIntoView({{block: 'center'}}); const box = it.getBoundingClientRect();
               return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        );
        let place = self.evaluate(&script).await;
        assert!(place.is_array(), "there is no {selector} on the page");
        for kind in ["mousePressed", "mouseReleased"] {
            let event =
                json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.connection.call("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Clicks on what leads to another page, and waits until that has loaded.
    ///
    /// # Panics
    ///
    /// If `selector` finds nothing, or nothing loads.
    pub async fn follow(&mut self, selector: &str) {
        self.forget("Page.loadEventFired");
        self.click(selector).await;
        self.loaded().await;
    }

    /// Presses a key that leads to another page, and waits until that has loaded.
    ///
    /// # Panics
    ///
    /// If nothing loads.
    pub async fn follow_by_key(&mut self, key: Key) {
        self.forget("Page.loadEventFired");
        self.press(key).await;
        self.loaded().await;
    }

    /// Types text where the focus is.
    pub async fn type_text(&mut self, text: &str) {
        self.connection.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses a key, and lets it go.
    pub async fn press(&mut self, key: Key) {
        let (name, code, number, text) = key.description();
        let mut event =
            json!({ "type": "keyDown", "key": name, "code": code, "windowsVirtualKeyCode": number });
        if key == Key::BackTab {
            event["modifiers"] = json!(8);
        }
        if !text.is_empty() {
            event["text"] = json!(text);
        }
        self.connection.call("Input.dispatchKeyEvent", event.clone()).await;
        event["type"] = json!("keyUp");
        self.connection.call("Input.dispatchKeyEvent", event).await;
    }

    /// What the browser had to complain of so far: errors and whatever a script prints, in the order they came.
    pub async fn console(&mut self) -> Vec<String> {
        // What was said before this call is answered has come in.
        self.evaluate("0").await;
        let said = |event: &Value| match event["method"].as_str()? {
            "Log.entryAdded" => Some(event["params"]["entry"]["text"].to_string()),
            "Runtime.consoleAPICalled" => Some(event["params"]["args"].to_string()),
            "Runtime.exceptionThrown" => Some(event["params"]["exceptionDetails"].to_string()),
            _ => None,
        };
        self.connection.events.iter().filter_map(said).collect()
    }

    /// The addresses of everything that was asked for since the page was opened, the page's own included.
    pub async fn requests(&mut self) -> Vec<String> {
        self.evaluate("0").await;
        let events = self.connection.events.iter().filter(|it| it["method"] == "Network.requestWillBeSent");
        events.filter_map(|it| Some(it["params"]["request"]["url"].as_str()?.to_owned())).collect()
    }

    /// Makes the window so many pixels wide and high.
    pub async fn set_size(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.connection.call("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Shows the page as on that medium.
    pub async fn set_medium(&mut self, medium: Medium) {
        let (media, scheme) = match medium {
            Medium::Light => ("screen", "light"),
            Medium::Dark => ("screen", "dark"),
            Medium::Print => ("print", "light"),
        };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.connection
            .call("Emulation.setEmulatedMedia", json!({ "media": media, "features": features }))
            .await;
    }

    /// Keeps a picture of the whole page, beyond what fits into the window, as a PNG.
    ///
    /// # Panics
    ///
    /// If the file cannot be written.
    pub async fn screenshot(&mut self, file: &Path) {
        let parameters = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.connection.call("Page.captureScreenshot", parameters).await;
        std::fs::write(file, STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()).unwrap();
    }

    /// Prints the page on paper, as a PDF.
    pub async fn print(&mut self) -> Vec<u8> {
        let paper = self.connection.call("Page.printToPDF", json!({ "printBackground": true })).await;
        STANDARD.decode(paper["data"].as_str().unwrap()).unwrap()
    }

    async fn loaded(&mut self) {
        self.connection.event("Page.loadEventFired").await;
    }

    fn forget(&mut self, event: &str) {
        self.connection.events.retain(|it| it["method"] != event);
    }
}

/// A key that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are named as they are on a keyboard")]
pub enum Key {
    Tab,
    /// Shift and Tab.
    BackTab,
    Enter,
    Space,
    Left,
    Right,
    Up,
    Down,
}

impl Key {
    /// Its `key`, `code` and number, as a page's script would see them, and the text that it types.
    fn description(self) -> (&'static str, &'static str, u32, &'static str) {
        match self {
            Self::Tab | Self::BackTab => ("Tab", "Tab", 9, ""),
            Self::Enter => ("Enter", "Enter", 13, "\r"),
            Self::Space => (" ", "Space", 32, " "),
            Self::Left => ("ArrowLeft", "ArrowLeft", 37, ""),
            Self::Right => ("ArrowRight", "ArrowRight", 39, ""),
            Self::Up => ("ArrowUp", "ArrowUp", 38, ""),
            Self::Down => ("ArrowDown", "ArrowDown", 40, ""),
        }
    }
}

/// What a page is shown on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// A screen of people who like it light.
    Light,
    /// A screen of people who like it dark.
    Dark,
    /// Paper.
    Print,
}
