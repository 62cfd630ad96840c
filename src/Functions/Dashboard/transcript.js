// Reads what was said out of a transcript, with the times of its lines where it has any. 8x8 does not document the
// format, so this goes by what transcripts have in common: JSON with a text and a start for each line, or the lines of
// subtitles (WebVTT, SubRip).

const TEXTS = ["text", "transcript", "sentence", "content", "utterance", "line", "display"];
const STARTS = ["start", "starttime", "startms", "starttimems", "startmillis", "startoffset", "startseconds", "begin", "offset", "offsetms", "timestamp", "time", "from"];
const SPEAKERS = ["speaker", "speakername", "speakerlabel", "participant", "channel", "role"];
const MOST_LINES = 5_000;
const EPOCH = 1e11;

const CUE = /^(?:(\d+):)?(\d{1,2}):(\d{2})(?:[.,](\d{1,3}))?\s+-->/;
const CLOCK = /^(?:(\d+):)?(\d{1,2}):(\d{2}(?:[.,]\d+)?)$/;
const SECONDS = /^(\d+(?:\.\d+)?)\s*s?$/;

const find = (value, names) => {
  const entry = Object.entries(value).find(([name, each]) => names.includes(name.toLowerCase().replace(/[^a-z]/g, "")) && each !== null && typeof each !== "object");
  return entry ? { name: entry[0].toLowerCase(), value: entry[1] } : null;
};

const secondsOf = (hours, minutes, seconds) => Number(hours ?? 0) * 3600 + Number(minutes) * 60 + Number(String(seconds).replace(",", "."));

/** The lines of a transcript, `{text, speaker?, at?}` with `at` in seconds from the start; null when it has none with times. */
export function timedLines(written, callStart) {
  const lines = [];
  try {
    collect(JSON.parse(written), null, lines, 0);
    toSeconds(lines, callStart);
  } catch {
    cues(written, lines);
  }

  const timed = lines.filter((line) => Number.isFinite(line.at) && line.at >= 0);
  return timed.length > 0 && timed.length === lines.length ? lines.sort((one, other) => one.at - other.at) : null;
}

function collect(value, speaker, lines, depth) {
  if (depth > 20 || lines.length >= MOST_LINES || value === null || typeof value !== "object") {
    return;
  }

  if (!Array.isArray(value)) {
    const start = find(value, STARTS);
    const text = find(value, TEXTS);
    speaker = find(value, SPEAKERS)?.value ?? speaker;
    if (start && typeof text?.value === "string" && text.value.trim()) {
      // The words of a line may stand below it with times of their own.
      lines.push({ text: text.value.trim(), speaker, start });
      return;
    }
  }

  for (const entry of Object.values(value)) {
    collect(entry, speaker, lines, depth + 1);
  }
}

/** Times as text say what they are. Numbers are seconds or milliseconds, from the start of the call or of 1970. */
function toSeconds(lines, callStart) {
  const numbers = [];
  for (const line of lines) {
    const { name, value } = line.start;
    const clock = CLOCK.exec(value);
    const seconds = SECONDS.exec(value);
    if (clock) {
      line.at = secondsOf(clock[1], clock[2], clock[3]);
    } else if (seconds) {
      line.at = Number(seconds[1]);
      numbers.push({ line, isMilliseconds: name.endsWith("ms") || name.includes("milli") });
    } else {
      line.at = (Date.parse(value) - Date.parse(callStart)) / 1000;
    }
  }

  const starts = numbers.map(({ line }) => line.at);
  const areWhole = starts.every(Number.isInteger) && Math.max(0, ...starts) > 1000;
  for (const { line, isMilliseconds } of numbers) {
    line.at = line.at > EPOCH ? (line.at - Date.parse(callStart)) / 1000 : isMilliseconds || areWhole ? line.at / 1000 : line.at;
  }
}

function cues(written, lines) {
  let line = null;
  for (const row of written.split(/\r?\n/)) {
    const cue = CUE.exec(row.trim());
    if (cue) {
      line = { text: "", at: secondsOf(cue[1], cue[2], `${cue[3]}.${cue[4] ?? 0}`) };
      lines.push(line);
    } else if (row.trim() === "") {
      line = null;
    } else if (line) {
      const named = line.text === "" ? /^<v(?:\.[^ >]*)? ([^>]+)>/.exec(row) : null;
      line.speaker ??= named?.[1];
      line.text = `${line.text} ${row.replace(/<[^>]*>/g, "")}`.trim();
    }
  }
}

// Letters that people write in another way, as the index has them.
const PLAIN = { ß: "ss", ł: "l", ø: "o", đ: "d", ı: "i", æ: "ae", œ: "oe", ð: "d", þ: "th", ς: "σ" };
const FEWEST_LETTERS = 4;
const FEWEST_DIGITS = 6;

/** Tells a line with a word or a number that was looked for: whole ones, in any case, with or without diacritics, and digits in any format. */
export function finder(q) {
  const wanted = new Set(terms(q ?? ""));
  return (text) => terms(text).some((term) => wanted.has(term));
}

function terms(text) {
  // To upper case and back, because some letters have two lower-case forms.
  const folded = text.normalize("NFKD").toUpperCase().toLowerCase().normalize("NFKD")
    .replace(/\p{Mn}/gu, "")
    .replace(/[ßłøđıæœðþς]/g, (letter) => PLAIN[letter]);
  const words = [folded, folded.replace(/['’]/g, "")]
    .flatMap((form) => form.match(/[\p{L}\p{Nd}\p{Mc}]+/gu) ?? [])
    .filter((word) => word.length >= FEWEST_LETTERS && !(word.length >= FEWEST_DIGITS && /^\d+$/.test(word)));
  // One number beside another looks like a single one, so each run of digits counts too.
  const numbers = (folded.match(/[\d+\-()./ ]+/g) ?? [])
    .flatMap((number) => [number.replace(/\D/g, ""), ...number.split(/\D+/)])
    .filter((digits) => digits.length >= FEWEST_DIGITS)
    .map((digits) => digits.replace(/^0+/, ""));
  return [...words, ...numbers];
}
