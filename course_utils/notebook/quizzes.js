(function (box) {
  // jupyterquiz would fetch a script for formulas from the web where it meets one kind of MathJax, and reports every click.
  const MathJax = undefined, console = { log() {}, error() {} };
  /* jupyterquiz */
  const questions = /* questions */;

  box.textContent = "";
  Object.assign(box.dataset, { numquestions: questions.length, maxwidth: 760, shufflequestions: "False", shuffleanswers: "False" });
  show_questions(questions, box);
  box.querySelectorAll(".Quiz").forEach((quiz, number) => {
    const asked = quiz.firstElementChild.firstElementChild, answers = quiz.querySelector(".Answer"), feedback = quiz.querySelector(".Feedback");
    asked.prepend(`${number + 1}. `);
    answers.setAttribute("role", "radiogroup");
    answers.setAttribute("aria-labelledby", asked.id);
    feedback.setAttribute("role", "status");
  });
  // JupyterLab moves the focus to its active cell when it sees a key.
  box.addEventListener("keydown", (event) => /^(Arrow.*| )$/.test(event.key) && event.stopPropagation());
})(document.currentScript.previousElementSibling);
