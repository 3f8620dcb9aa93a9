//! Points: places in a plane, in space, or on the globe.
//!
//! The coordinate systems are the four of the Cypher manual, with their numbers in the registry of
//! spatial reference systems (EPSG for the globe, Neo4j's own for the plane).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize};

use super::{Map, Value};
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::nearest;

/// A coordinate reference system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Crs {
    /// The globe: longitude and latitude in degrees.
    Wgs84,
    /// The globe: longitude and latitude in degrees, height in metres.
    Wgs84Height,
    /// A plane.
    Cartesian,
    /// Space.
    Cartesian3D,
}

impl Crs {
    /// All systems, by their number.
    pub const ALL: [Crs; 4] = [Crs::Wgs84, Crs::Wgs84Height, Crs::Cartesian, Crs::Cartesian3D];

    /// Its name, as `point.crs` gives it.
    ///
    /// ```
    /// use redstring::value::Crs;
    /// assert_eq!(Crs::Wgs84.name(), "wgs-84");
    /// assert_eq!(Crs::Cartesian3D.srid(), 9157);
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Crs::Wgs84 => "wgs-84",
            Crs::Wgs84Height => "wgs-84-3d",
            Crs::Cartesian => "cartesian",
            Crs::Cartesian3D => "cartesian-3d",
        }
    }

    /// Its number, as `point.srid` gives it.
    pub fn srid(self) -> u32 {
        match self {
            Crs::Wgs84 => 4326,
            Crs::Wgs84Height => 4979,
            Crs::Cartesian => 7203,
            Crs::Cartesian3D => 9157,
        }
    }

    /// The system of this number.
    pub fn from_srid(srid: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|crs| i64::from(crs.srid()) == srid)
    }

    /// The system of this name, whatever its case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|crs| crs.name().eq_ignore_ascii_case(name))
    }

    /// How many coordinates a point has: 2 or 3.
    pub fn dimension(self) -> usize {
        match self {
            Crs::Wgs84 | Crs::Cartesian => 2,
            Crs::Wgs84Height | Crs::Cartesian3D => 3,
        }
    }

    /// Whether its points lie on the globe.
    pub fn is_geographic(self) -> bool {
        matches!(self, Crs::Wgs84 | Crs::Wgs84Height)
    }
}

impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A place: coordinates in a coordinate reference system.
///
/// ```
/// use redstring::{Database, Point};
/// use redstring::value::Crs;
///
/// let station = Point::new(Crs::Wgs84, &[12.564590, 55.672874])?;
/// let db = Database::in_memory();
/// db.execute("CREATE (:Station {at: $at})", redstring::params! {"at" => station.clone()})?;
/// let stored: Point = db.query("MATCH (s:Station) RETURN s.at", ())?.single()?.get(0)?;
/// assert_eq!(stored, station);
/// # Ok::<(), redstring::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Point {
    crs: Crs,
    /// Finite. The third is 0 where the system has but two, and there is no -0.0.
    coordinates: [f64; 3],
}

impl Point {
    /// The point with these coordinates: x, y and z, which on the globe are longitude, latitude and height. A
    /// longitude beyond ±180 degrees goes around the globe.
    ///
    /// # Errors
    /// `ArgumentError.InvalidArgumentValue` where there are more or fewer coordinates than the system has,
    /// `ArgumentError.NumberOutOfRange` where one is not finite, or a latitude is beyond ±90 degrees.
    pub fn new(crs: Crs, coordinates: &[f64]) -> Result<Self> {
        if coordinates.len() != crs.dimension() {
            let (wanted, found) = (crs.dimension(), coordinates.len());
            let message = format!("a point in {crs} has {wanted} coordinates, found {found}");
            return Err(Error::argument(Detail::InvalidArgumentValue, message));
        }
        let mut point = Self { crs, coordinates: [0.0; 3] };
        for (at, given) in point.coordinates.iter_mut().zip(coordinates) {
            if !given.is_finite() {
                let message = format!("a coordinate of a point is a finite number, found {given}");
                return Err(Error::argument(Detail::NumberOutOfRange, message));
            }
            *at = given + 0.0;
        }
        if crs.is_geographic() {
            let [longitude, latitude, _] = &mut point.coordinates;
            if !(-90.0..=90.0).contains(latitude) {
                let message = format!("a latitude lies from -90 to 90 degrees, found {latitude}");
                return Err(Error::argument(Detail::NumberOutOfRange, message)
                    .help("The order is longitude, latitude."));
            }
            *longitude = around_the_globe(*longitude);
        }
        Ok(point)
    }

    /// Its coordinate reference system.
    pub fn crs(&self) -> Crs {
        self.crs
    }

    /// Its coordinates: x, y and, where there is one, z.
    pub fn coordinates(&self) -> &[f64] {
        self.coordinates.get(..self.crs.dimension()).unwrap_or(&[])
    }

    /// The first coordinate: on the globe the longitude.
    pub fn x(&self) -> f64 {
        self.coordinates[0]
    }

    /// The second coordinate: on the globe the latitude.
    pub fn y(&self) -> f64 {
        self.coordinates[1]
    }

    /// The third coordinate, where there is one: on the globe the height.
    pub fn z(&self) -> Option<f64> {
        self.coordinates().get(2).copied()
    }

    /// The distance to another point: in metres along the globe, or in the unit of the coordinates in a
    /// plane or in space. `None` where the systems differ.
    ///
    /// ```
    /// use redstring::Point;
    /// use redstring::value::Crs;
    /// let [a, b] = [[0.0, 0.0], [3.0, 4.0]].map(|at| Point::new(Crs::Cartesian, &at).unwrap());
    /// assert_eq!(a.distance(&b), Some(5.0));
    /// ```
    pub fn distance(&self, other: &Self) -> Option<f64> {
        if self.crs != other.crs {
            return None;
        }
        let [x, y, z] = self.coordinates;
        let [u, v, w] = other.coordinates;
        if !self.crs.is_geographic() {
            return Some((x - u).hypot(y - v).hypot(z - w));
        }
        // The haversine formula; heights lift the arc to their mean, and their difference is a leg.
        let (south, north) = (y.to_radians(), v.to_radians());
        let sine_of_half = |angle: f64| (angle / 2.0).sin();
        let half = sine_of_half(north - south).powi(2)
            + south.cos() * north.cos() * sine_of_half((u - x).to_radians()).powi(2);
        let angle = 2.0 * half.sqrt().min(1.0).asin();
        Some((angle * (EARTH_RADIUS + (z + w) / 2.0)).hypot(z - w))
    }

    /// Whether the point lies in the box between two corners, borders included. On the globe a box whose
    /// first corner lies east of the second goes across the 180th meridian. `None` where the systems differ.
    pub fn within(&self, lower_left: &Self, upper_right: &Self) -> Option<bool> {
        if self.crs != lower_left.crs || self.crs != upper_right.crs {
            return None;
        }
        let mut sides =
            self.coordinates.iter().zip(&lower_left.coordinates).zip(&upper_right.coordinates);
        let inside = |((at, low), high): ((&f64, &f64), &f64)| low <= at && at <= high;
        if self.crs.is_geographic() && lower_left.x() > upper_right.x() {
            sides.next();
            let east_or_west = self.x() >= lower_left.x() || self.x() <= upper_right.x();
            return Some(east_or_west && sides.all(inside));
        }
        Some(sides.all(inside))
    }

    /// A point from the map that Cypher's `point()` takes; `None` where one of its numbers is null.
    ///
    /// # Errors
    /// `ArgumentError` or `TypeError` that names the entry.
    pub fn from_map(map: &Map) -> Result<Option<Self>> {
        const KNOWN: [&str; 8] = ["x", "y", "z", "longitude", "latitude", "height", "crs", "srid"];
        if let Some(other) = map.keys().find(|key| !KNOWN.contains(&&***key)) {
            let error = invalid(format!("a point has no `{other}`"));
            return Err(match nearest(other, KNOWN) {
                Some(near) => error.help(format!("Did you mean `{near}`?")),
                None => error.help("It is made of x, y and z, or longitude, latitude and height."),
            });
        }
        if map.values().any(Value::is_null) {
            return Ok(None);
        }
        let number = |name: &str| match map.get(name) {
            None => Ok(None),
            Some(value) => value.as_number().map(Some).ok_or_else(|| not_a("number", name, value)),
        };
        let given = given_system(map)?;
        let plain = (number("x")?, number("y")?);
        let globe = (number("longitude")?, number("latitude")?);
        let third = number("z")?.or(number("height")?);
        let (geographic, x, y) = match (plain, globe) {
            ((Some(x), Some(y)), (None, None)) => {
                (given.is_some_and(Crs::is_geographic) || map.contains_key("height"), x, y)
            }
            ((None, None), (Some(longitude), Some(latitude))) => (true, longitude, latitude),
            _ => {
                return Err(invalid("a point needs either x and y or longitude and latitude")
                    .help("Write `point({x: 1, y: 2})` or `point({longitude: 12.5, latitude: 55.6})`."));
            }
        };
        let implied = match (geographic, third) {
            (true, None) => Crs::Wgs84,
            (true, Some(_)) => Crs::Wgs84Height,
            (false, None) => Crs::Cartesian,
            (false, Some(_)) => Crs::Cartesian3D,
        };
        let crs = given.unwrap_or(implied);
        if crs.is_geographic() != implied.is_geographic() {
            return Err(invalid(format!("longitude, latitude and height have no place in {crs}"))
                .help("Give x, y and z, or leave the system out."));
        }
        let coordinates: Vec<f64> = [Some(x), Some(y), third].into_iter().flatten().collect();
        Self::new(crs, &coordinates).map(Some)
    }

    /// What `point.name` gives.
    ///
    /// # Errors
    /// `TypeError.InvalidArgumentType` where a point of its system has no such component.
    pub fn component(&self, name: &str) -> Result<Value> {
        let on_globe = self.crs.is_geographic();
        let number = match name {
            "crs" => return Ok(Value::from(self.crs.name())),
            "srid" => return Ok(Value::Integer(self.crs.srid().into())),
            "x" => Some(self.x()),
            "y" => Some(self.y()),
            "z" => self.z(),
            "longitude" if on_globe => Some(self.x()),
            "latitude" if on_globe => Some(self.y()),
            "height" if on_globe => self.z(),
            _ => None,
        };
        if let Some(number) = number {
            return Ok(Value::Float(number));
        }
        let message = format!("a point in {} has no `{name}`", self.crs);
        let error = Error::type_error(Detail::InvalidArgumentType, message);
        let mut known = vec!["x", "y", "crs", "srid"];
        known.extend((self.z().is_some()).then_some("z"));
        known.extend(["longitude", "latitude"].into_iter().filter(|_| on_globe));
        known.extend((on_globe && self.z().is_some()).then_some("height"));
        Err(error.help(match nearest(name, known.iter().copied()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("It has {}.", known.join(", ")),
        }))
    }

    /// The parts that no text or float rounding can change, for the store and for serde.
    fn parts(&self) -> (u32, [f64; 3]) {
        (self.crs.srid(), self.coordinates)
    }

    fn from_parts(srid: u32, coordinates: [f64; 3]) -> Option<Self> {
        let crs = Crs::from_srid(srid.into())?;
        Self::new(crs, coordinates.get(..crs.dimension())?).ok()
    }
}

/// The mean radius of the earth in metres, as Neo4j has it.
const EARTH_RADIUS: f64 = 6_378_140.0;

fn around_the_globe(longitude: f64) -> f64 {
    if (-180.0..=180.0).contains(&longitude) {
        return longitude;
    }
    (longitude + 180.0).rem_euclid(360.0) - 180.0
}

/// The system that the map names, by name or by number.
fn given_system(map: &Map) -> Result<Option<Crs>> {
    let names = || Crs::ALL.map(Crs::name).join(", ");
    match (map.get("crs"), map.get("srid")) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(invalid("a point takes either `crs` or `srid`, not both")),
        (Some(Value::String(name)), None) => match Crs::from_name(name) {
            Some(crs) => Ok(Some(crs)),
            None => Err(invalid(format!("there is no coordinate reference system `{name}`")).help(
                match nearest(name, Crs::ALL.map(Crs::name)) {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => format!("The systems are {}.", names()),
                },
            )),
        },
        (None, Some(Value::Integer(srid))) => match Crs::from_srid(*srid) {
            Some(crs) => Ok(Some(crs)),
            None => Err(invalid(format!("there is no coordinate reference system {srid}")).help(
                format!("The numbers are {}.", Crs::ALL.map(|c| c.srid().to_string()).join(", ")),
            )),
        },
        (Some(other), None) => Err(not_a("string", "crs", other)),
        (None, Some(other)) => Err(not_a("whole number", "srid", other)),
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::argument(Detail::InvalidArgumentValue, message)
}

fn not_a(what: &str, name: &str, found: &Value) -> Error {
    let message = format!("`{name}` of a point is a {what}, found {} `{found}`", found.type_name());
    Error::type_error(Detail::InvalidArgumentType, message)
}

impl PartialEq for Point {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Point {}

impl PartialOrd for Point {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By the number of the system, then coordinate by coordinate.
impl Ord for Point {
    fn cmp(&self, other: &Self) -> Ordering {
        // No coordinate is NaN or -0.0, so this order agrees with equality of numbers.
        let coordinates = self.coordinates.iter().zip(&other.coordinates);
        coordinates.fold(self.crs.cmp(&other.crs), |order, (a, b)| order.then(a.total_cmp(b)))
    }
}

impl Hash for Point {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.crs.hash(state);
        self.coordinates.map(f64::to_bits).hash(state);
    }
}

/// As the call of `point()` that makes it.
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("point({")?;
        for (name, number) in ["x", "y", "z"].iter().zip(self.coordinates()) {
            write!(f, "{name}: {}, ", super::display::float_text(*number))?;
        }
        write!(f, "crs: '{}'}})", self.crs)
    }
}

/// The name under which a point passes through serde, so that it stays one.
pub(super) const NAME: &str = "redstring::Point";

/// The form for people, which is that of GeoJSON with the system beside it.
struct Geometry<'a>(&'a Point);

impl Serialize for Geometry<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut geometry = serializer.serialize_struct("Point", 4)?;
        geometry.serialize_field("type", "Point")?;
        geometry.serialize_field("coordinates", self.0.coordinates())?;
        geometry.serialize_field("crs", self.0.crs.name())?;
        geometry.serialize_field("srid", &self.0.crs.srid())?;
        geometry.end()
    }
}

impl Serialize for Point {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_newtype_struct(NAME, &Geometry(self))
        } else {
            self.parts().serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        if deserializer.is_human_readable() {
            let value = Value::deserialize(deserializer)?;
            return match &value {
                Value::Point(point) => Ok((**point).clone()),
                other => from_geometry(other).ok_or_else(|| {
                    D::Error::custom(format!("expected a Point, found {}", other.type_name()))
                }),
            };
        }
        let (srid, coordinates) = <(u32, [f64; 3])>::deserialize(deserializer)?;
        Self::from_parts(srid, coordinates).ok_or_else(|| D::Error::custom("damaged Point"))
    }
}

/// Undoes [`Geometry`]; without a system it is GeoJSON's own, the globe.
pub(super) fn from_geometry(value: &Value) -> Option<Point> {
    let map = value.as_map()?;
    let coordinates: Option<Vec<f64>> =
        map.get("coordinates")?.as_list()?.iter().map(Value::as_number).collect();
    let coordinates = coordinates?;
    let crs = match map.get("crs") {
        Some(name) => Crs::from_name(name.as_str()?)?,
        None if coordinates.len() == 3 => Crs::Wgs84Height,
        None => Crs::Wgs84,
    };
    (map.get("type")?.as_str()? == "Point").then(|| Point::new(crs, &coordinates).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globe(longitude: f64, latitude: f64) -> Point {
        Point::new(Crs::Wgs84, &[longitude, latitude]).unwrap()
    }

    #[test]
    fn longitudes_go_around_and_latitudes_do_not() {
        for (given, wanted) in
            [(190.0, -170.0), (-190.0, 170.0), (180.0, 180.0), (-180.0, -180.0), (540.0, -180.0)]
        {
            assert_eq!(globe(given, 0.0).x(), wanted, "{given}");
        }
        for (crs, coordinates) in [
            (Crs::Wgs84, &[0.0, 90.1][..]),
            (Crs::Wgs84Height, &[0.0, -91.0, 1.0]),
            (Crs::Cartesian, &[f64::NAN, 0.0]),
            (Crs::Cartesian3D, &[0.0, 0.0, f64::INFINITY]),
            (Crs::Cartesian, &[0.0, 0.0, 0.0]),
            (Crs::Cartesian3D, &[0.0, 0.0]),
        ] {
            assert!(Point::new(crs, coordinates).is_err(), "{crs} {coordinates:?}");
        }
    }

    #[test]
    fn distances_on_the_globe_follow_its_surface() {
        // A quarter of a great circle, whatever its direction.
        let quarter = EARTH_RADIUS * std::f64::consts::FRAC_PI_2;
        for (a, b) in [
            (globe(0.0, 0.0), globe(90.0, 0.0)),
            (globe(0.0, 0.0), globe(77.0, 90.0)),
            (globe(135.0, 0.0), globe(-135.0, 0.0)),
            (globe(12.0, -45.0), globe(-168.0, -45.0)),
        ] {
            let found = a.distance(&b).unwrap();
            assert!((found - quarter).abs() < 1e-6 * quarter, "{a} {b}: {found}");
            assert_eq!(a.distance(&b), b.distance(&a));
        }
        assert_eq!(
            globe(1.0, 1.0).distance(&Point::new(Crs::Cartesian, &[1.0, 1.0]).unwrap()),
            None
        );
        let [low, high] =
            [0.0, 300.0].map(|h| Point::new(Crs::Wgs84Height, &[5.0, 5.0, h]).unwrap());
        assert_eq!(low.distance(&high), Some(300.0));
        // Antipodes: rounding must not ask for the arcsine of more than one.
        let half = globe(0.0, 37.3).distance(&globe(180.0, -37.3)).unwrap();
        assert!((half - 2.0 * quarter).abs() < 1.0, "{half}");
    }

    fn encoded(point: &Point) -> Vec<u8> {
        bincode::serde::encode_to_vec(point, bincode::config::standard()).unwrap()
    }

    fn decoded(bytes: &[u8]) -> Option<Point> {
        let config = bincode::config::standard();
        bincode::serde::decode_from_slice(bytes, config).ok().map(|(point, _)| point)
    }

    #[test]
    fn points_survive_json_and_the_store() {
        for point in
            [globe(12.5, -55.25), Point::new(Crs::Cartesian3D, &[0.1, -0.0, 3e300]).unwrap()]
        {
            let json = serde_json::to_string(&point).unwrap();
            assert_eq!(serde_json::from_str::<Point>(&json).unwrap(), point, "{json}");
            let bytes = encoded(&point);
            assert_eq!(decoded(&bytes).as_ref(), Some(&point));
            let value = super::super::to_value(&point).unwrap();
            assert!(matches!(&value, Value::Point(same) if **same == point), "{value:?}");
            assert_eq!(super::super::from_value::<Point>(value.clone()).unwrap(), point);
            assert_eq!(super::super::from_value::<Value>(value.clone()).unwrap(), value);
        }
        assert_eq!(
            serde_json::to_string(&globe(12.5, 55.0)).unwrap(),
            r#"{"type":"Point","coordinates":[12.5,55.0],"crs":"wgs-84","srid":4326}"#
        );
        let plain = r#"{"type":"Point","coordinates":[1,2]}"#;
        assert_eq!(serde_json::from_str::<Point>(plain).unwrap(), globe(1.0, 2.0));
        let mut bytes = encoded(&globe(1.0, 2.0));
        bytes[1] ^= 1;
        assert_eq!(decoded(&bytes), None);
    }

    #[test]
    fn a_point_on_the_other_side_of_zero_is_the_same() {
        let [a, b] = [0.0, -0.0].map(|x| Point::new(Crs::Cartesian, &[x, 1.0]).unwrap());
        assert_eq!(a, b);
        assert_eq!(a.to_string(), b.to_string());
    }
}
