import { Argument, type Command } from "../deps/commander.ts";
import { type CommandContext, examples, print } from "./command_line.ts";
import { completionsOf } from "./complete.ts";
import { completionScript, SHELLS } from "./completion_scripts.ts";

/** Adds `completions` to the program, and `complete`, which the shells ask. */
export function addCompletions(program: Command, { out }: CommandContext): void {
  program.command("completions")
    .description("print a script that completes commands, settings and their values in a shell")
    .addArgument(new Argument("<shell>", "your shell").choices(SHELLS))
    .addHelpText("after", COMPLETIONS_HELP)
    .action((shell) => print(out, completionScript(shell)));

  program.command("complete", { hidden: true })
    .description("answer a shell: ways to go on with the last word of a command line")
    .argument("[words...]", "the command line so far, without the program")
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action((words) => {
      const lines = completionsOf(program, words).map(({ text, hint }) => `${text}\t${hint}`);
      if (lines.length > 0) print(out, lines.join("\n"));
    });
}

const COMPLETIONS_HELP = `${examples("completions bash")}

Completion is for a command named denodino, which this makes:
  deno install --global --allow-all --name denodino cli.ts

Then one line, in the file that your shell reads at its start:
  bash        source <(denodino completions bash)                 ~/.bashrc
  zsh         source <(denodino completions zsh)                  ~/.zshrc, after compinit
  fish        denodino completions fish | source                  ~/.config/fish/config.fish
  powershell  denodino completions powershell | Out-String | iex  $PROFILE`;
