fn main() { let data = std::env::var("SCANTLING_DATA").unwrap_or("/tmp/sc".into()).into();
 let host = scantling::Host::open(scantling::Options{data}).unwrap();
 #[cfg(feature="desktop")] scantling::window::run(host); 
}
