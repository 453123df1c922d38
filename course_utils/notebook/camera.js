// Shows the browser's camera and sends pictures to Python (course_utils/notebook/camera.py).

const SENTENCES = {
  NotAllowedError: "The browser was not allowed to use the camera: allow it in the address bar, or choose files below.",
  NotFoundError: "The browser found no camera: connect one and try again, or choose files below.",
  NotReadableError: "Another program is using the camera: close it and try again, or choose files below.",
  insecure: "The browser gives a camera only to pages from this computer (localhost) or over https: choose files below.",
};

function make(tag, parent, properties = {}) {
  const element = Object.assign(document.createElement(tag), properties);
  parent.append(element);
  return element;
}

function bind(model, name, element) {
  element.value = model.get(name);
  element.addEventListener("input", () => { model.set(name, element.value); model.save_changes(); });
  model.on(`change:${name}`, () => { if (element.value !== model.get(name)) element.value = model.get(name); });
}

function render({ model, el }) {
  let stream = null;
  const fields = make("div", el);
  const label = make("select", make("label", fields, { textContent: "Label " }));
  for (const name of model.get("labels")) make("option", label, { value: name, textContent: name });
  const person = make("input", make("label", fields, { textContent: "  Person " }),
    { type: "text", placeholder: "name or alias, may stay empty", size: 28 });
  bind(model, "label", label);
  bind(model, "person", person);

  const buttons = make("div", el);
  Object.assign(buttons.style, { display: "flex", gap: "0.5em", margin: "0.5em 0" });
  const start = make("button", buttons, { type: "button", textContent: "Start the camera" });
  const take = make("button", buttons, { type: "button", textContent: "Take a picture", disabled: true });
  const stop = make("button", buttons, { type: "button", textContent: "Stop", disabled: true });
  const video = make("video", el, { autoplay: true, muted: true, playsInline: true, width: 320 });
  video.setAttribute("aria-label", "What the camera sees");
  video.style.display = "none";
  const message = make("div", el);
  message.setAttribute("role", "status");
  const say = (sentence) => { message.textContent = sentence; };
  const heard = () => say(model.get("message"));
  model.on("change:message", heard);
  heard();

  function show(on) {
    video.style.display = on ? "block" : "none";
    [start.disabled, take.disabled, stop.disabled] = [on, !on, !on];
  }
  function end() {
    if (stream) stream.getTracks().forEach((track) => track.stop());
    stream = null;
    show(false);
  }
  start.addEventListener("click", async () => {
    if (!navigator.mediaDevices) { say(SENTENCES.insecure); return; }
    start.disabled = true;
    say("Waiting for the camera ...");
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } }, audio: false });
      video.srcObject = stream;
      await video.play();
      show(true);
      say("");
    } catch (error) {
      end();
      say(SENTENCES[error.name] || `The browser gives no camera (${error.name}): choose files below.`);
    }
  });
  take.addEventListener("click", () => {
    if (!video.videoWidth) { say("The camera sends no picture yet: try again in a moment."); return; }
    const canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    say("Saving ...");
    canvas.toBlob(async (blob) => {
      model.send({ kind: "picture" }, undefined, [await blob.arrayBuffer()]);
    }, "image/jpeg", 0.95);
  });
  stop.addEventListener("click", end);
  return () => { model.off("change:message", heard); end(); };
}

export default { render };
