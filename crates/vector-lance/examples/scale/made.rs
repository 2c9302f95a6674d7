//! Chunks that are made up, the same ones each time.

use transom_domain::{Chunk, FileId};
use transom_vector::EmbeddedChunk;

pub const DIMENSION: usize = 384;
pub const CHUNKS_OF_A_FILE: usize = 250;
/// Real embeddings fill some tens of their hundreds of dimensions.
const LATENT: usize = 40;
const TOPICS: u64 = 1_500;
const WORDS: f64 = 200_000.0;

/// Numbers from a seed (SplitMix64).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66_D1CE_4E5B)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound
    }

    fn unit(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Near enough to a normal distribution.
    fn normal(&mut self) -> f32 {
        ((0..6).map(|_| self.unit()).sum::<f64>() - 3.0) as f32 * std::f32::consts::SQRT_2
    }
}

/// The map from latent to full dimensions.
pub struct World {
    spread: Vec<f32>,
}

impl World {
    pub fn new() -> Self {
        let mut dice = Dice::new(1);
        Self { spread: (0..LATENT * DIMENSION).map(|_| dice.normal()).collect() }
    }

    /// A file's vectors: most from its own topic, some from elsewhere.
    pub fn vectors(&self, file: usize) -> Vec<Vec<f32>> {
        let mut dice = Dice::new(1_000_000 + file as u64);
        let own = dice.below(TOPICS);
        (0..CHUNKS_OF_A_FILE)
            .map(|_| {
                let topic = if dice.below(4) == 0 { dice.below(TOPICS) } else { own };
                self.vector(topic, &mut dice)
            })
            .collect()
    }

    /// A question about what a chunk says: near to it, and not it.
    pub fn question(&self, of: &[f32], dice: &mut Dice) -> Vec<f32> {
        let length = (DIMENSION as f32).sqrt();
        unit(of.iter().map(|number| number + 0.6 * dice.normal() / length).collect())
    }

    fn vector(&self, topic: u64, dice: &mut Dice) -> Vec<f32> {
        let mut about = Dice::new(topic + 77);
        let latent: Vec<f32> = (0..LATENT).map(|_| about.normal() + 0.7 * dice.normal()).collect();
        let mut vector: Vec<f32> = (0..DIMENSION).map(|_| 1.5 * (dice.unit() as f32 - 0.5)).collect();
        for (strength, row) in latent.iter().zip(self.spread.chunks_exact(DIMENSION)) {
            for (number, part) in vector.iter_mut().zip(row) {
                *number += strength * part;
            }
        }
        unit(vector)
    }
}

/// A file's chunks.
pub fn chunks(world: &World, file: usize) -> Vec<EmbeddedChunk> {
    let id = file_id(file);
    let mut dice = Dice::new(9_000_000 + file as u64);
    let chunk = |(ordinal, vector): (u32, Vec<f32>)| {
        let terms = terms(&mut dice);
        let text = terms.repeat(2);
        let chunk = Chunk {
            file_id: id.clone(),
            ordinal,
            text,
            start_index: ordinal as usize * 900,
            page: Some(ordinal / 3 + 1),
            headings: Vec::new(),
        };
        EmbeddedChunk { chunk, vector, terms }
    };
    (0..).zip(world.vectors(file)).map(chunk).collect()
}

/// Eighty words, common and rare as Zipf has it.
fn terms(dice: &mut Dice) -> String {
    (0..80).map(|_| word(dice)).collect::<Vec<_>>().join(" ")
}

pub fn word(dice: &mut Dice) -> String {
    format!("w{}", WORDS.powf(dice.unit()) as u64)
}

/// Random, as ids are: a file's neighbours by name are not its neighbours in the table.
pub fn file_id(file: usize) -> FileId {
    let mut dice = Dice::new(5_000_000 + file as u64);
    let (high, low) = (dice.number(), dice.number());
    FileId::from(
        format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", high >> 32, high & 0xFFFF, high >> 20 & 0xFFF, low >> 52, low & 0xFFFF_FFFF_FFFF)
            .as_str(),
    )
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|number| *number /= length);
    vector
}
