//! Writes the types of the screens: `cargo xtask types`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/src/api/generated.ts");
    let text = wiring::types::typescript().map_err(|clashes| format!("two types of different shapes are called {}", clashes.join(", ")))?;
    std::fs::write(path, text)?;
    println!("{path}");
    Ok(())
}
