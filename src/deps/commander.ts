import { CommanderError } from "npm:commander@15.1.0";
import { Argument, Command, Option } from "npm:@commander-js/extra-typings@15.1.0";

export { Argument, Command, CommanderError, Option };
