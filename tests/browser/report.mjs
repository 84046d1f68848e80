// The lines that script.py reads.
const line = (value) => process.stdout.write(JSON.stringify(value) + "\n");

export async function report(row, story) {
  try {
    line({row, answer: await story()});
  } catch (error) {
    line({row, why: String(error?.message ?? error).split("\n")[0]});
  }
}

// Asks for the end of the server at plan.goodbye.
export const goodbye = () => line({goodbye: true});
