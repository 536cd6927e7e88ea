/** A worker that ends before it can do anything. */
throw new Error("no such codec");
