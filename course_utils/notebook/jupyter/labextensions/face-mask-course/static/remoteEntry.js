/* What JupyterLab leaves out for readers who can't see.
 *
 * A figure's alternative text stands in the metadata of its output, where JupyterLab does not look;
 * the handle of a slider of ipywidgets has no name of its own. Both are filled in as soon as they
 * are in the page. This is the container that JupyterLab expects of an extension (webpack's module
 * federation), written by hand: it needs no package of JupyterLab and no build.
 */
(() => {
  "use strict";

  const LABELLED = ".jupyter-widgets";

  /* An output's pictures get the text that the notebook holds beside them. */
  function describe(output, widget) {
    const metadata = output.metadata || {};
    const kind = Object.keys(metadata).find((name) => (metadata[name] || {}).alt);
    if (kind === undefined) {
      return;
    }
    for (const image of widget.node.querySelectorAll("img:not([alt])")) {
      image.alt = metadata[kind].alt;
    }
  }

  /* The outputs of every code cell of every open notebook. */
  function describeAll(app) {
    for (const panel of app.shell.widgets("main")) {
      for (const cell of (panel.content && panel.content.widgets) || []) {
        const area = cell.outputArea;
        if (!area || !area.model || !area.widgets) {
          continue;
        }
        for (let place = 0; place < Math.min(area.model.length, area.widgets.length); place++) {
          describe(area.model.get(place), area.widgets[place]);
        }
      }
    }
  }

  function nameSliders() {
    for (const handle of document.querySelectorAll("[role=slider]:not([aria-label])")) {
      const control = handle.closest(LABELLED);
      const label = control && control.querySelector(".widget-label");
      if (label && label.textContent.trim()) {
        handle.setAttribute("aria-label", label.textContent.trim());
      }
    }
  }

  const plugin = {
    id: "face-mask-course:alternative-texts",
    autoStart: true,
    activate: (app) => {
      let waiting = false;
      const look = () => {
        waiting = false;
        describeAll(app);
        nameSliders();
      };
      new MutationObserver(() => {
        if (!waiting) {
          waiting = true;
          setTimeout(look, 50);
        }
      }).observe(document.body, { childList: true, subtree: true });
    },
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["face-mask-course"] = {
    init: () => {},
    get: () => Promise.resolve(() => ({ __esModule: true, default: plugin })),
  };
})();
