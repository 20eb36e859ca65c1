//! rumqttd as a broker for bench/, set up by the TOML file given as first argument.

use std::error::Error;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let file = env::args().nth(1).ok_or("which configuration file?")?;
    let config: rumqttd::Config = toml::from_str(&fs::read_to_string(file)?)?;
    rumqttd::Broker::new(config).start()?;
    Ok(())
}
