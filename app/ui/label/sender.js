// Stands in for the queue where it is not on screen: labels that still wait go to the database.
export default function ({ data, parentElement, setStateValue }) {
  const line = parentElement.querySelector(".sender");
  const out = outbox();
  const tell = () => {
    const n = out.waiting.length;
    line.hidden = !n;
    line.textContent = n ? `${n} to be saved: what this page shows is without them. ${data.problem}` : "";
  };
  out.send = (name, value) => name === "events" && setStateValue(name, value);
  out.onsilence = tell;
  out.acknowledge(data.acks);
  tell();
  if (out.waiting.length) out.flush(true);
}
